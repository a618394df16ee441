// The client side of test-v1.xml; all of it is generated.
