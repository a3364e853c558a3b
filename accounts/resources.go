package accounts

import (
	"context"
	"errors"
	"time"

	"fettle/accounts/store"
)

// ResourceList is what an account can reach, as last listed.
type ResourceList struct {
	AccountID string
	Name      string
	At        time.Time // zero: never listed
	Services  []ServiceResources
}

// ServiceResources are the resources of one service; Items is never nil.
type ServiceResources struct {
	Service string // ID
	Name    string
	Lists   bool // the catalogue has a listing for this service
	Items   []store.Resource
}

// Resources returns the cached listing, or with refresh a new one; the credential is not touched.
func (b *Book) Resources(ctx context.Context, accountID string, refresh bool) (ResourceList, error) {
	return ResourceList{}, errors.ErrUnsupported
}
