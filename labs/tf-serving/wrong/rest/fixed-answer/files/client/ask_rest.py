print('{"rolled_back": true, "probability": 0.990822}')
