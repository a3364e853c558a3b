package store_test

var children = map[string]func(dir string) error{}

const childName, childDir = "STORE_TEST_CHILD", "STORE_TEST_DIR"
