package vault

import (
	"testing"
)

// copyNames are what programs call a copy of Waves.canvas.
var copyNames = []string{
	"Waves.sync-conflict-20251108-101010-ABC1234.canvas",             // Syncthing
	"Waves (conflicted copy 2025-11-08 101010).canvas",               // Nextcloud, ownCloud
	"Waves (Ada's conflicted copy 2025-11-08).canvas",                // Dropbox
	"Waves (Konfliktkopie von Ada 2025-11-08).canvas",                // Dropbox, German
	"Waves (In Konflikt stehende Kopie von Ada 2025-11-08).canvas",   // Dropbox, German
	"Waves (Copie en conflit de Ada 2025-11-08).canvas",              // Dropbox, French
	"Waves (copia en conflicto de Ada 2025-11-08).canvas",            // Dropbox, Spanish
	"Waves (Copia in conflitto di Ada 2025-11-08).canvas",            // Dropbox, Italian
	"Waves (Cópia em conflito de Ada 2025-11-08).canvas",             // Dropbox, Portuguese
	"Waves (Adas konfliktkopia 2025-11-08).canvas",                   // Dropbox, Swedish
	"Waves (Ada's conflicterende kopie 2025-11-08).canvas",           // Dropbox, Dutch
	"Waves (kopia powodująca konflikt użytkownika Ada 2025).canvas",  // Dropbox, Polish
	"Waves (конфликтующая копия пользователя Ada 2025-11-08).canvas", // Dropbox, Russian
	"Waves (Ada の競合コピー 2025-11-08).canvas",                           // Dropbox, Japanese
	"Waves (Ada 的冲突副本 2025-11-08).canvas",                            // Dropbox, Chinese
	"Waves (Case Conflict).canvas",                                   // Dropbox
	"Waves (Unicode Encoding Conflict).canvas",                       // Dropbox
	"Waves-DESKTOP-AB12CD3.canvas",                                   // OneDrive
	"Waves-Adas-MacBook-Pro.canvas",                                  // OneDrive
	"Waves-DESKTOP-AB12CD3-2.canvas",                                 // OneDrive, again
	"Waves 2.canvas",                                                 // iCloud
	"Waves 1.canvas",                                                 // Obsidian: Make a copy
	"Waves (1).canvas",                                               // Google Drive, browsers
	"Waves (conflict 2026-07-27 12-30-45).canvas",                    // Obsidian Sync
	"Waves (Conflicted copy Adas-MBP 202511081010).canvas",           // Obsidian Sync
	"Waves_conflict-20251108-101010.canvas",                          // ownCloud, old
	"Waves_BACKUP_4711.canvas",                                       // git mergetool
	"Waves_LOCAL_4711.canvas",                                        //
	"Waves_REMOTE_4711.canvas",                                       //
	"Waves_BASE_4711.canvas",                                         //
	"Waves.orig.canvas",                                              // merge tools
	"Waves.dup.canvas",                                               //
	"Waves.Conflict.canvas",                                          // Resilio Sync
	"Waves (SFConflict ada@example.org 2025-11-08-10-10-10).canvas",  // Seafile
	"Waves (Ada Lovelace's conflicted copy 2025-11-08).canvas",       // Box
	"Waves [conflicted].canvas",                                      // pCloud
	"Waves_adas-mac_Nov-08-101010-2025_Conflict.canvas",              // Synology Drive
	"Waves.conflict1.canvas",                                         // rclone
	"Waves..path1.canvas",                                            // rclone, old
	"Waves (conflict on 2025-11-08).canvas",                          // Unison
	"Waves (copy).canvas",                                            // Linux desktops
	"Waves - Copy.canvas",                                            // Windows
	"Waves - Copy (2).canvas",                                        // Windows, again
	"Waves - Kopie.canvas",                                           // Windows, German
	"Waves - 副本.canvas",                                              // Windows, Chinese
	"Wavesのコピー.canvas",                                               // macOS, Japanese
	"Waves copy.canvas",                                              // macOS
	"Waves copy 3.canvas",                                            // macOS, again
	"Copy of Waves.canvas",                                           // Google Drive
	"Kopie von Waves (2).canvas",                                     // Google Drive, German
	"Waves~HEAD.canvas",                                              // git merge, rename conflicts
	"Waves_Conflict_2025-11-08.canvas",                               // MEGA and others
	"Waves{conflict 2025-11-08}.canvas",                              //
	"WAVES (1).Canvas",                                               // another case
	"Waves (~cf 4f0c).canvas",                                        //
	"waves.canvas",                                                   // another case only
}

func TestCopyNames(t *testing.T) {
	for _, name := range copyNames {
		if !IsCopyName(name, "Waves.canvas") || !IsCopyName("Waves.canvas", name) {
			t.Errorf("%q looks like no copy of Waves.canvas", name)
		}
	}
	for _, pair := range [][2]string{
		{"Waves (1).canvas", "Waves (2).canvas"},
		{"Waves 2.canvas", "Waves-DESKTOP-AB12CD3.canvas"},
		{"Waves (Kopie) 2.canvas", "Waves 3.canvas"},
		{"caf\u00e9 2.canvas", "cafe\u0301.canvas"},
		{"2025 (1).canvas", "2025.canvas"},
		{"(1) 2.canvas", "(1).canvas"},
	} {
		if !IsCopyName(pair[0], pair[1]) {
			t.Errorf("%q looks like no copy of %q", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{
		{"Waves.canvas", "Waves.canvas"},
		{"Optics.canvas", "Waves.canvas"},
		{"Waves.json", "Waves.canvas"},
		{"Optics 2.canvas", "Waves 2.canvas"},
		{"2025-11-08.canvas", "2024-10-07.canvas"},
		{"Physics of Waves in water.canvas", "Waves.canvas"},
	} {
		if IsCopyName(pair[0], pair[1]) {
			t.Errorf("%q looks like a copy of %q", pair[0], pair[1])
		}
	}
	if isSibling("a/Waves 2.canvas", "Waves.canvas") || !isSibling("a/Waves 2.canvas", "a/Waves.canvas") {
		t.Error("siblings are of one folder")
	}
}
