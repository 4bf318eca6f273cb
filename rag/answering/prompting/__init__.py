"""What stands between us and a chat model: replies kept within bounds, questions reworded."""
