"""Tests of the tasks, of the checker and of the registry: make test"""
