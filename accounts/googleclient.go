package accounts

import "errors"

// ReadGoogleClientFile reads the client_secret_*.json that Google's console offers for download.
func ReadGoogleClientFile(data []byte) (NewClient, error) { return NewClient{}, errors.ErrUnsupported }
