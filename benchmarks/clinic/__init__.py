"""Speed of the clinic beside Ciw and SimPy, and its queues against exact results."""
