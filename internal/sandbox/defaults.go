package sandbox

// DefaultServices are the three demo services.
func DefaultServices() []Service {
	return []Service{
		{
			ID: "analytics", Name: "Demo Analytics",
			Permissions: []Permission{{"analytics.readonly", "See and download your Analytics data"}},
			Probe:       "/v1beta/accountSummaries?pageSize=1",
			Resources: Listing{
				Path: "/v1beta/accountSummaries", Items: "accountSummaries", ID: "account", Name: "displayName",
				Children: &Listing{Items: "propertySummaries", ID: "property", Name: "displayName"},
			},
		},
		{
			ID: "sheets", Name: "Demo Sheets",
			Permissions: []Permission{
				{"spreadsheets", "See, edit, create and delete your spreadsheets"},
				{"drive.metadata.readonly", "See information about your files"},
			},
			Probe:     "/drive/v3/files?pageSize=1",
			Resources: Listing{Path: "/drive/v3/files", Items: "files", ID: "id", Name: "name"},
		},
		{
			ID: "reports", Name: "Demo Reports",
			Permissions: []Permission{{"reports.read", "See your reports"}},
			Probe:       "/v1/reports?pageSize=1",
			Resources:   Listing{Path: "/v1/reports", Items: "reports", ID: "id", Name: "title", Parent: "folder"},
		},
	}
}

// DefaultUsers are Ana, who owns the most, Ben, who owns a little, and Nora, who owns nothing.
func DefaultUsers() []User {
	return []User{
		{
			Name: "Ana Sousa", Email: "ana@example.org", Subject: "1001",
			Accounts: []Account{
				{ID: "101", Name: "Northwind Shop", Properties: []Property{{"201", "Shop website"}, {"202", "Shop app"}}},
				{ID: "102", Name: "Northwind Blog", Properties: []Property{{"203", "Blog"}}},
			},
			Sheets:  []Sheet{{"sheet-budget", "Budget 2026"}, {"sheet-leads", "Leads"}, {"sheet-stock", "Lagerbestände 在庫"}},
			Reports: []Report{{"report-daily", "Daily sales", "Sales"}, {"report-monthly", "Monthly revenue", "Finance"}},
		},
		{
			Name: "Ben Okafor", Email: "ben@example.org", Subject: "1002",
			Accounts: []Account{{ID: "103", Name: "Okafor Consulting", Properties: []Property{{"204", "Landing page"}}}},
			Sheets:   []Sheet{{"sheet-hours", "Hours"}},
			Reports:  []Report{{"report-hours", "Hours by client", "Billing"}},
		},
		{Name: "Nora Lind", Email: "nora@example.org", Subject: "1003"},
	}
}
