"""What travels over HTTP, as the service and its clients both know it: requests and answers."""
