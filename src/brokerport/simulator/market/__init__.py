"""Where the simulated market's prices come from: synthetic, replayed or set by a test."""
