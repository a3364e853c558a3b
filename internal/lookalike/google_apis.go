package lookalike

import (
	"fmt"
	"net/http"
)

// googleAPI is one call of an API: the scopes of which any opens it, and the member that holds its list.
type googleAPI struct {
	pattern string
	scopes  []string
	member  string // "" = answers 404
	items   []any
}

// googleAPIs are the calls of the built-in entry: a probe and a listing for each service.
var googleAPIs = []googleAPI{
	{"GET analyticsadmin.googleapis.com/v1beta/accountSummaries", []string{"analytics.readonly", "analytics.edit"}, "accountSummaries", []any{
		summary(100, "Example Shop", property(1001, "Shop, web"), property(1002, "Shop, app")),
		summary(200, "Example Blog", property(2001, "Blog")),
		summary(300, "Example Labs"),
	}},
	{"GET sheets.googleapis.com/v4/spreadsheets/{id}", []string{"spreadsheets", "spreadsheets.readonly"}, "", nil},
	{"GET www.googleapis.com/drive/v3/files", []string{"drive", "drive.readonly", "drive.metadata.readonly", "drive.file"}, "files", []any{
		file("1aBudget", "Budget 2026"), file("1bForecast", "Forecast"), file("1cLeads", "Leads"), file("1dOrders", "Orders"), file("1eStock", "Stock"),
	}},
	{"GET www.googleapis.com/drive/v3/about", []string{"drive", "drive.readonly", "drive.metadata.readonly", "drive.file"}, "user", []any{object{"permissionId": "1001"}}},
	{"GET bigquery.googleapis.com/bigquery/v2/projects", []string{"bigquery", "bigquery.readonly"}, "projects", []any{
		object{"id": "example-warehouse", "numericId": "1", "friendlyName": "Warehouse", "projectReference": object{"projectId": "example-warehouse"}},
	}},
	{"GET searchconsole.googleapis.com/webmasters/v3/sites", []string{"webmasters.readonly", "webmasters"}, "siteEntry", []any{
		object{"siteUrl": "sc-domain:shop.example", "permissionLevel": "siteOwner"},
	}},
	{"GET www.googleapis.com/youtube/v3/channels", []string{"youtube.readonly", "youtube"}, "items", []any{
		object{"id": "UC-example", "snippet": object{"title": "Example Channel"}},
	}},
}

// summary leaves propertySummaries out where there are none.
func summary(account int, name string, properties ...any) any {
	s := object{"name": fmt.Sprintf("accountSummaries/%d", account), "account": fmt.Sprintf("accounts/%d", account), "displayName": name}
	if len(properties) > 0 {
		s["propertySummaries"] = properties
	}
	return s
}

func property(id int, name string) any {
	return object{"property": fmt.Sprintf("properties/%d", id), "displayName": name, "propertyType": "PROPERTY_TYPE_ORDINARY"}
}

func file(id, name string) any { return object{"id": id, "name": name} }

// googleAds has no names in its list, and answers a search per customer; a developer token goes with each call.
func (g *Google) googleAds() {
	const host = "googleads.googleapis.com/{version}/"
	open := func(good func(r *http.Request) any) handler {
		return func(r *http.Request) Answer {
			t, ok := g.bearer(r)
			switch {
			case !ok:
				return googleUnauthenticated
			case !t.has(googleScope + "adwords"):
				return googleInsufficient
			// The token is the project's, not the person's: a sign-in can be in order and still nothing is answered.
			case r.Header.Get("developer-token") == "":
				return refuse(400, object{"error": object{"code": 400, "status": "INVALID_ARGUMENT", "message": "Request contains an invalid argument.", "details": []object{{
					"@type":  "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure",
					"errors": []object{{"errorCode": object{"authenticationError": "DEVELOPER_TOKEN_INVALID"}, "message": "The developer token is not valid."}},
				}}}})
			}
			return reply(good(r))
		}
	}
	g.route("GET "+host+"customers:listAccessibleCustomers", open(func(*http.Request) any {
		return object{"resourceNames": []string{"customers/1112223333", "customers/4445556666"}}
	}))
	g.route("POST "+host+"customers/{customer}/googleAds:search", open(func(r *http.Request) any {
		id := r.PathValue("customer")
		return object{"results": []object{{"customerClient": object{"resourceName": "customers/" + id + "/customerClients/" + id, "descriptiveName": "Customer " + id}}}}
	}))
}
