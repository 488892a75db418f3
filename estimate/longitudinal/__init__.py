"""Treatment that changes over time: courses of patients, and strategies that react to them."""
