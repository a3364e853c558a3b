// Package packages brings cloud automations to where they run: canvases, their password files and the files they need,
// kept together at a folder, an SFTP server or S3-compatible object storage, and fetched from there.
//
// A package lies there as objects that never change, named by their SHA-256, and one signed manifest that names them.
// The manifest is replaced last and in one step, so whoever reads sees the former package or the new one, never a mixture.
//
//   - The writing side: Keeper (keeper.go), what is in a package (edit.go, local.go), what a sync would do (plan.go), its
//     execution (sync.go, upload.go, clean.go).
//   - The reading side needs no store and no vault: Fetch (fetch.go, switch.go for what is downloaded, turn.go for putting it
//     into place).
//   - Between them: the manifest (manifest.go), safe paths (paths.go) and destinations (depot.go; folder.go, sftp.go, s3.go).
//
// It imports pwfile for canvases and writers' keys, accounts/store for records, and internal guards; never tui.
package packages
