"""Every value of R's golden files against ours, one module a topic: compared how closely, or left out why."""
