"""Sending a notice: by webhook, by mail. Who is told, and when, is decided elsewhere."""
