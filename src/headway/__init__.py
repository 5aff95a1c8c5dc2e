"""Durable jobs for ML APIs."""
