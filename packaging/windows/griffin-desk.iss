; An installer for Windows of the one-folder program, by Inno Setup 6. Written, and not run yet: see docs/packaging.md.
;
;   .venv\Scripts\python packaging\icons.py dist\icons
;   .venv\Scripts\python packaging\bundle.py
;   iscc /DVersion=0.1.0 packaging\windows\griffin-desk.iss

#ifndef Version
  #error Name the version: /DVersion=0.1.0
#endif

[Setup]
AppId={{6C6E1D0B-6C0B-4A5E-9B7B-4D6E0E5A7A1F}
AppName=Griffin Desk
AppVersion={#Version}
AppPublisher=The Griffin Desk developers
; For one user, without an administrator's password; who has one may install it for all.
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
DefaultDirName={autopf}\Griffin Desk
DefaultGroupName=Griffin Desk
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
LicenseFile=..\..\LICENSE
SetupIconFile=..\..\dist\icons\griffin-desk.ico
UninstallDisplayIcon={app}\griffin-desk-window.exe
OutputDir=..\..\dist
OutputBaseFilename=griffin-desk-{#Version}-windows
Compression=lzma2
SolidCompression=yes
ChangesAssociations=yes
WizardStyle=modern

[Languages]
Name: "english"; MessagesFile: "compiler:Default.isl"
Name: "german"; MessagesFile: "compiler:Languages\German.isl"

[Files]
Source: "..\..\dist\griffin-desk\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\Griffin Desk"; Filename: "{app}\griffin-desk-window.exe"; AppUserModelID: "io.github.griffin_desk.GriffinDesk"

[Registry]
; Offered under "Open with"; the program that opens these files by a double click stays what it is.
Root: HKA; Subkey: "Software\Classes\Applications\griffin-desk-window.exe"; ValueType: string; ValueName: "FriendlyAppName"; ValueData: "Griffin Desk"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Applications\griffin-desk-window.exe\shell\open\command"; ValueType: string; ValueData: """{app}\griffin-desk-window.exe"" ""%1"""
Root: HKA; Subkey: "Software\Classes\Applications\griffin-desk-window.exe\SupportedTypes"; ValueType: string; ValueName: ".pdf"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\griffin-desk-window.exe\SupportedTypes"; ValueType: string; ValueName: ".epub"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\griffin-desk-window.exe\SupportedTypes"; ValueType: string; ValueName: ".docx"; ValueData: ""

[Run]
Filename: "{app}\griffin-desk-window.exe"; Description: "{cm:LaunchProgram,Griffin Desk}"; Flags: postinstall nowait skipifsilent

; The library lies in the user's own data folder and is not touched when the program is removed.
