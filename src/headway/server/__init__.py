"""The HTTP server of `headway serve`: uvicorn, with an end for what no application can see."""
