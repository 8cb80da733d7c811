"""Between the domain's values and the wire's messages, both ways."""
