"""Every value of R's golden files against ours, one module a topic: what is compared, how closely, and what is left out."""
