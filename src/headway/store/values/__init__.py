"""The frozen values that travel between the store and everybody else.

All times are seconds since the epoch by the database's own clock.
"""
