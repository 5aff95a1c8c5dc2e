"""A module that cannot be imported, and says so at length."""

raise ImportError("no module named 'left_pad'" + " and more of this" * 20_000 + "\udcff")
