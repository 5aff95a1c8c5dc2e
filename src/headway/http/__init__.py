"""The HTTP service: routes parse, make one call and shape the answer."""
