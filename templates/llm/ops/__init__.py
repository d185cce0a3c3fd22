"""What an operator runs against the live server. Start each with: python -m ops.NAME"""
