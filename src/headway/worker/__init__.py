"""The worker: a parent that runs no user code, a zygote, and children that hold no database."""
