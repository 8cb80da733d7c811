"""The gateway's WebSocket: who is connected, and what each has subscribed to."""
