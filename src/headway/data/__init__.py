"""Tables: reading CSV files that people have, keeping data sets as Parquet, and the bundled ones."""
