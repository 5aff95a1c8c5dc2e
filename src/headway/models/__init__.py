"""The text classifier: hashed word n-grams, a linear model, and the one-file bundle they travel in.

`classifier` and `bundle` need numpy alone, so that an API process may use them; everything that
trains or predicts in bulk needs scipy as well.
"""
