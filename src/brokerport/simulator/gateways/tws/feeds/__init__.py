"""What clients subscribe to: each feed hears of the world's changes once and fans them out."""
