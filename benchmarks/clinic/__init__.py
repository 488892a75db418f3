"""Speed of the clinic compared with Ciw and SimPy, and its queues against exact results."""
