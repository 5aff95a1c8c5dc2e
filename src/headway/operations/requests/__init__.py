"""What the operations take. Everything a request alone can get wrong is refused here, before there
is a job."""
