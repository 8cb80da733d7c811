"""The in-process adapter: the ports straight onto a simulated world, without a socket."""
