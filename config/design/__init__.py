"""The design on one page: colours, type, drawings and every component in every state."""
