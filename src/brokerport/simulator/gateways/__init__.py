"""The simulator's front doors: the only modules of the simulator that open sockets."""
