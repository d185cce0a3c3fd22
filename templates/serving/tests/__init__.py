"""Tests of the server and of what it serves: make test"""
