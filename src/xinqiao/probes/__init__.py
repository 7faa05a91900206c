"""Whether this instance lives, is ready, and how it fares: for supervisors, load balancers and Prometheus."""
