package demo

import (
	"slices"
	"time"

	"fettle/internal/sandbox"
)

const day = 24 * time.Hour

// The permissions, as scopes; the providers' APIs ask for the first three.
const (
	scopeAnalytics  = "analytics.readonly"
	scopeFiles      = "drive.metadata.readonly"
	scopeReports    = "reports.read"
	scopeUsers      = "analytics.users.readonly"
	scopeWriteSheet = "spreadsheets"
)

// stage is one provider of the demo.
type stage struct {
	id      string
	options sandbox.Options
	client  string
	extra   []string // lines of its [providers.ID] block
}

// stages are the providers: one for each habit of refresh tokens, and one that is down.
func stages(now func() time.Time) []stage {
	all := []stage{
		{
			id: "suite", client: sandbox.PublicClient, extra: []string{"idle_days = 180"},
			options: sandbox.Options{Name: "Demo Suite", Rotation: sandbox.RotationNone, Services: []sandbox.Service{analytics, sheets, reports}},
		},
		{
			id: "ads", client: sandbox.PostClient, extra: []string{"idle_days = 90", "max_days = 60"},
			options: sandbox.Options{Name: "Demo Ads", Rotation: sandbox.RotationReplace, Services: []sandbox.Service{
				reportsAs("campaigns", "Campaigns", "See your campaigns and what they cost"),
			}},
		},
		{
			id: "crm", client: sandbox.PublicClient,
			options: sandbox.Options{Name: "Demo CRM", Rotation: sandbox.RotationSingleUse, Services: []sandbox.Service{
				reportsAs("contacts", "Contacts", "See your customers and their orders"),
			}},
		},
		{
			id: "archive", client: sandbox.PublicClient,
			options: sandbox.Options{Name: "Demo Archive", Rotation: sandbox.RotationReplace, Services: []sandbox.Service{
				{ID: "files", Name: "Files", Permissions: []sandbox.Permission{{Scope: scopeFiles, Words: "See the names of your files"}}, Probe: filesProbe, Resources: filesList},
			}},
		},
	}
	for i := range all {
		all[i].options.Clock, all[i].options.Interval, all[i].options.Users = now, time.Second, people(all[i].id)
	}
	return all
}

const filesProbe = "/drive/v3/files?pageSize=1"

var filesList = sandbox.Listing{Path: "/drive/v3/files", Items: "files", ID: "id", Name: "name"}

var analytics = sandbox.Service{
	ID: "analytics", Name: "Analytics",
	Permissions: []sandbox.Permission{
		{Scope: scopeAnalytics, Words: "See and download your Analytics data"},
		{Scope: scopeUsers, Words: "See who can use your Analytics accounts"},
	},
	Probe: "/v1beta/accountSummaries?pageSize=1",
	Resources: sandbox.Listing{
		Path: "/v1beta/accountSummaries", Items: "accountSummaries", ID: "account", Name: "displayName",
		Children: &sandbox.Listing{Items: "propertySummaries", ID: "property", Name: "displayName"},
	},
}

var sheets = sandbox.Service{
	ID: "sheets", Name: "Sheets",
	Permissions: []sandbox.Permission{
		{Scope: scopeWriteSheet, Words: "See, edit, create and delete your spreadsheets"},
		{Scope: scopeFiles, Words: "See information about your files"},
	},
	Probe: filesProbe, Resources: filesList,
}

var reports = reportsAs("reports", "Reports", "See your reports")

func reportsAs(id, name, words string) sandbox.Service {
	return sandbox.Service{
		ID: id, Name: name, Permissions: []sandbox.Permission{{Scope: scopeReports, Words: words}}, Probe: "/v1/reports?pageSize=1",
		Resources: sandbox.Listing{Path: "/v1/reports", Items: "reports", ID: "id", Name: "title", Parent: "folder"},
	}
}

// role is one account of the book.
type role struct {
	name, provider string
	services       []string
	who            string // mailbox of the person who signs in
}

func (r role) email() string { return r.who + "@northwind.example" }

// cast are the accounts. The first person of a provider is who the curl lines sign in as, so those accounts come first
// that have to be repaired.
var cast = []role{
	{name: "sales-ga", provider: "suite", services: []string{"analytics"}, who: "ops"},
	{name: "web-ga", provider: "suite", services: []string{"analytics"}, who: "web"},
	{name: "press", provider: "suite", services: []string{"analytics"}, who: "press"},
	{name: "finance-sheets", provider: "suite", services: []string{"sheets"}, who: "ops"},
	{name: "hr-sheets", provider: "suite", services: []string{"sheets"}, who: "people"},
	{name: "warehouse", provider: "suite", services: []string{"reports", "sheets"}, who: "warehouse"},
	{name: "board-reports", provider: "suite", services: []string{"reports"}, who: "board"},
	{name: "ads-eu", provider: "ads", services: []string{"campaigns"}, who: "ads-eu"},
	{name: "ads-us", provider: "ads", services: []string{"campaigns"}, who: "ads-us"},
	{name: "crm", provider: "crm", services: []string{"contacts"}, who: "crm"},
	{name: "support-desk", provider: "crm", services: []string{"contacts"}, who: "support"},
	{name: "archive", provider: "archive", services: []string{"files"}, who: "archive"},
}

func roleOf(name string) role {
	return cast[slices.IndexFunc(cast, func(r role) bool { return r.name == name })]
}

// people are those who can sign in at a provider, and what they own there. Press owns nothing.
func people(provider string) []sandbox.User {
	var all []sandbox.User
	for _, r := range cast {
		known := func(u sandbox.User) bool { return u.Email == r.email() }
		if r.provider != provider || slices.ContainsFunc(all, known) {
			continue
		}
		u := sandbox.User{Name: r.who, Email: r.email(), Subject: "northwind-" + r.who}
		if r.name != "press" {
			u.Accounts = []sandbox.Account{
				{ID: "101", Name: "Northwind Shop", Properties: []sandbox.Property{{ID: "201", Name: "Shop website"}, {ID: "202", Name: "Shop app"}}},
				{ID: "102", Name: "Northwind Blog", Properties: []sandbox.Property{{ID: "203", Name: "Blog"}}},
			}
			u.Sheets = []sandbox.Sheet{{ID: "budget", Name: "Budget 2027"}, {ID: "leads", Name: "Leads"}, {ID: "stock", Name: "Lagerbestände 在庫"}}
			u.Reports = []sandbox.Report{{ID: "daily", Title: "Daily sales", Folder: "Sales"}, {ID: "monthly", Title: "Monthly revenue", Folder: "Finance"}}
		}
		all = append(all, u)
	}
	return all
}

// scene is one canvas.
type scene struct {
	name     string
	accounts []string
	copied   bool // its password file also lies in the folder of the second runner
}

// scenes are the canvases.
var scenes = []scene{
	{name: "daily-sales", accounts: []string{"sales-ga", "warehouse"}},
	{name: "weekly-board", accounts: []string{"board-reports", "web-ga"}},
	{name: "press-clippings", accounts: []string{"press"}},
	{name: "stock-sync", accounts: []string{"warehouse"}, copied: true},
	{name: "ads-spend", accounts: []string{"ads-eu", "ads-us"}},
	{name: "month-close", accounts: []string{"finance-sheets", "sales-ga"}},
}
