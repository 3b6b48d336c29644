<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name></name>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Document</source>
        <translation>Dokument</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>&amp;Open…</source>
        <translation>Ö&amp;ffnen…</translation>
    </message>
    <message>
        <source>Open the &amp;sample document</source>
        <translation>Bei&amp;spieldokument öffnen</translation>
    </message>
    <message>
        <source>&amp;New chat</source>
        <translation>&amp;Neues Gespräch</translation>
    </message>
    <message>
        <source>&amp;Home</source>
        <translation>S&amp;tartseite</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>E&amp;xportieren…</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>&amp;Summarise</source>
        <translation>&amp;Zusammenfassen</translation>
    </message>
    <message>
        <source>&amp;Pause or resume</source>
        <translation>&amp;Pausieren oder fortsetzen</translation>
    </message>
    <message>
        <source>S&amp;top</source>
        <translation>&amp;Anhalten</translation>
    </message>
    <message>
        <source>&amp;Copy the summary</source>
        <translation>Zusammenfassung &amp;kopieren</translation>
    </message>
    <message>
        <source>&amp;New conversation on it</source>
        <translation>&amp;Neues Gespräch darüber</translation>
    </message>
    <message>
        <source>&amp;Find in the document</source>
        <translation>Im Dokument s&amp;uchen</translation>
    </message>
    <message>
        <source>Summar&amp;y</source>
        <translation>&amp;Zusammenfassung</translation>
    </message>
    <message>
        <source>&amp;Ask</source>
        <translation>&amp;Fragen</translation>
    </message>
    <message>
        <source>&amp;Pages</source>
        <translation>&amp;Seiten</translation>
    </message>
    <message>
        <source>&amp;Search the library</source>
        <translation>&amp;Bibliothek durchsuchen</translation>
    </message>
    <message>
        <source>Show or hide the li&amp;brary</source>
        <translation>Bibliothek &amp;ein- oder ausblenden</translation>
    </message>
    <message>
        <source>Smalle&amp;r text</source>
        <translation>&amp;Kleinere Schrift</translation>
    </message>
    <message>
        <source>&amp;Models…</source>
        <translation>&amp;Modelle…</translation>
    </message>
    <message>
        <source>Se&amp;ttings…</source>
        <translation>&amp;Einstellungen…</translation>
    </message>
    <message>
        <source>Show or hide the &amp;meters</source>
        <translation>&amp;Messwerte ein- oder ausblenden</translation>
    </message>
    <message>
        <source>&amp;Larger text</source>
        <translation>&amp;Größere Schrift</translation>
    </message>
    <message>
        <source>Text of &amp;normal size</source>
        <translation>Schrift in &amp;normaler Größe</translation>
    </message>
    <message>
        <source>All &amp;commands…</source>
        <translation>Alle &amp;Befehle…</translation>
    </message>
    <message>
        <source>&amp;Keyboard shortcuts</source>
        <translation>&amp;Tastenkürzel</translation>
    </message>
    <message>
        <source>Show the &amp;log files</source>
        <translation>&amp;Protokolldateien zeigen</translation>
    </message>
    <message>
        <source>&amp;About Griffin Desk</source>
        <translation>Über &amp;Griffin Desk</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Document</source>
        <translation>D&amp;okument</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
</context>
<context>
    <name>AboutDialog</name>
    <message>
        <source>About Griffin Desk</source>
        <translation>Über Griffin Desk</translation>
    </message>
    <message>
        <source>Version {version}</source>
        <translation>Version {version}</translation>
    </message>
    <message>
        <source>Open the data folder</source>
        <translation>Datenordner öffnen</translation>
    </message>
    <message>
        <source>Reads whole long documents on your own machine and answers questions about them.</source>
        <translation>Liest ganze lange Dokumente auf dem eigenen Rechner und beantwortet Fragen dazu.</translation>
    </message>
    <message>
        <source>Licensed under the Apache License, version 2.0.</source>
        <translation>Lizenziert unter der Apache-Lizenz, Version 2.0.</translation>
    </message>
    <message>
        <source>Privacy</source>
        <translation>Datenschutz</translation>
    </message>
    <message>
        <source>The network is used for this and nothing else:</source>
        <translation>Das Netz wird hierfür benutzt und für nichts sonst:</translation>
    </message>
    <message>
        <source>Where your data lies</source>
        <translation>Wo die Daten liegen</translation>
    </message>
    <message>
        <source>Library, conversations and settings:</source>
        <translation>Bibliothek, Gespräche und Einstellungen:</translation>
    </message>
    <message>
        <source>Log, without the text of documents:</source>
        <translation>Protokoll, ohne den Text von Dokumenten:</translation>
    </message>
    <message>
        <source>Qt and PySide6 are used under the GNU Lesser General Public License, version 3: you may put libraries that you have changed in their place.</source>
        <translation>Qt und PySide6 werden unter der GNU Lesser General Public License, Version 3, benutzt: An ihre Stelle dürfen selbst geänderte Bibliotheken treten.</translation>
    </message>
    <message>
        <source>Built with</source>
        <translation>Gebaut mit</translation>
    </message>
</context>
<context>
    <name>AccessPage</name>
    <message>
        <source>Download</source>
        <translation>Herunterladen</translation>
    </message>
    <message>
        <source>Open the licence page</source>
        <translation>Lizenzseite öffnen</translation>
    </message>
    <message>
        <source>Open the page of tokens</source>
        <translation>Seite der Token öffnen</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Show the token</source>
        <translation>Token zeigen</translation>
    </message>
    <message>
        <source>Check and keep</source>
        <translation>Prüfen und behalten</translation>
    </message>
    <message>
        <source>Forget the token</source>
        <translation>Token vergessen</translation>
    </message>
    <message>
        <source>Its makers give it to those who have accepted their terms. Both pages below open in your web browser.</source>
        <translation>Wer es gemacht hat, gibt es nur denen, die den Bedingungen zugestimmt haben. Die beiden Seiten öffnen sich in Ihrem Webbrowser.</translation>
    </message>
    <message>
        <source>Accept the licence</source>
        <translation>Der Lizenz zustimmen</translation>
    </message>
    <message>
        <source>Log in there, read it, and accept it.</source>
        <translation>Melden Sie sich dort an, lesen Sie sie und stimmen Sie ihr zu.</translation>
    </message>
    <message>
        <source>Make a token</source>
        <translation>Ein Token anlegen</translation>
    </message>
    <message>
        <source>A new one with the right to read is enough.</source>
        <translation>Ein neues mit dem Recht zu lesen genügt.</translation>
    </message>
    <message>
        <source>Paste it here</source>
        <translation>Es hier einfügen</translation>
    </message>
    <message>
        <source>It is sent to Hugging Face to check it, then kept in this system&apos;s keyring: in no file, log or database of Griffin Desk.</source>
        <translation>Es wird zum Prüfen an Hugging Face gesendet und dann im Schlüsselbund dieses Systems behalten: in keiner Datei, keinem Protokoll und keiner Datenbank von Griffin Desk.</translation>
    </message>
    <message>
        <source>Asking Hugging Face</source>
        <translation>Hugging Face wird gefragt</translation>
    </message>
    <message>
        <source>Get {model}</source>
        <translation>{model} holen</translation>
    </message>
    <message>
        <source>{size} are downloaded, and can be paused at any time. Nothing is sent but what asks for them.</source>
        <translation>{size} werden heruntergeladen; das lässt sich jederzeit pausieren. Gesendet wird nur, was dafür nötig ist.</translation>
    </message>
    <message>
        <source>A token is in this system&apos;s keyring.</source>
        <translation>Im Schlüsselbund dieses Systems liegt ein Token.</translation>
    </message>
    <message>
        <source>A token is in the environment (HF_TOKEN).</source>
        <translation>In der Umgebung (HF_TOKEN) steht ein Token.</translation>
    </message>
    <message>
        <source>A token is in the file of Hugging Face&apos;s own tools.</source>
        <translation>In der Datei von Hugging Faces eigenen Werkzeugen steht ein Token.</translation>
    </message>
    <message>
        <source>{where} It belongs to the account {name}.</source>
        <translation>{where} Es gehört zum Konto {name}.</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>Documents ({endings})</source>
        <translation>Dokumente ({endings})</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Open documents</source>
        <translation>Dokumente öffnen</translation>
    </message>
    <message>
        <source>Nothing has been said yet</source>
        <translation>Noch ist nichts gesagt</translation>
    </message>
    <message>
        <source>There is no summary yet</source>
        <translation>Noch gibt es keine Zusammenfassung</translation>
    </message>
    <message>
        <source>Markdown (*.md)</source>
        <translation>Markdown (*.md)</translation>
    </message>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>Markdown (*.md);;All branches, as JSON (*.json)</source>
        <translation>Markdown (*.md);;Alle Zweige, als JSON (*.json)</translation>
    </message>
    <message>
        <source>The summary was copied</source>
        <translation>Die Zusammenfassung ist kopiert</translation>
    </message>
    <message>
        <source>Document</source>
        <translation>Dokument</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
</context>
<context>
    <name>ActivityController</name>
    <message>
        <source>Loading {model}</source>
        <translation>{model} wird geladen</translation>
    </message>
    <message>
        <source>No model</source>
        <translation>Kein Modell</translation>
    </message>
    <message>
        <source>Reading {title}, page {page} of {pages}</source>
        <translation>Liest {title}, Seite {page} von {pages}</translation>
    </message>
    <message>
        <source>Answering</source>
        <translation>Antwortet</translation>
    </message>
    <message>
        <source>Waiting to read {title}</source>
        <translation>Wartet darauf, {title} zu lesen</translation>
    </message>
</context>
<context>
    <name>Amounts</name>
    <message>
        <source>{hours} h {minutes} min</source>
        <translation>{hours} h {minutes} min</translation>
    </message>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds} s</translation>
    </message>
    <message>
        <source>{minutes} min</source>
        <translation>{minutes} min</translation>
    </message>
</context>
<context>
    <name>BranchSwitcher</name>
    <message>
        <source>Previous branch</source>
        <translation>Voriger Zweig</translation>
    </message>
    <message>
        <source>Next branch</source>
        <translation>Nächster Zweig</translation>
    </message>
    <message>
        <source>{branch} of {branches}</source>
        <translation>{branch} von {branches}</translation>
    </message>
    <message>
        <source>Branch {branch} of {branches}</source>
        <translation>Zweig {branch} von {branches}</translation>
    </message>
</context>
<context>
    <name>ChatPage</name>
    <message>
        <source>Chat</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>Systemanweisung</translation>
    </message>
    <message>
        <source>What the model is told before a conversation begins; those that have begun keep theirs.</source>
        <translation>Was dem Modell gesagt wird, bevor ein Gespräch beginnt; begonnene Gespräche behalten ihre.</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>Temperatur</translation>
    </message>
    <message>
        <source>0 gives the likeliest answer each time; more gives more variety.</source>
        <translation>Bei 0 kommt jedes Mal die wahrscheinlichste Antwort; mehr bringt mehr Abwechslung.</translation>
    </message>
    <message>
        <source>Top p</source>
        <translation>Top p</translation>
    </message>
    <message>
        <source>Drawn from the likeliest tokens that together reach this probability; 1 is no limit.</source>
        <translation>Gezogen wird aus den wahrscheinlichsten Tokens, die zusammen diese Wahrscheinlichkeit erreichen; 1 heißt ohne Grenze.</translation>
    </message>
    <message>
        <source>Top k</source>
        <translation>Top k</translation>
    </message>
    <message>
        <source>No limit</source>
        <translation>Ohne Grenze</translation>
    </message>
    <message>
        <source>Drawn from so many of the likeliest tokens.</source>
        <translation>Gezogen wird aus so vielen der wahrscheinlichsten Tokens.</translation>
    </message>
    <message>
        <source>Repetition penalty</source>
        <translation>Abzug für Wiederholungen</translation>
    </message>
    <message>
        <source>Above 1 the model repeats itself less; 1 is no penalty.</source>
        <translation>Über 1 wiederholt sich das Modell weniger; 1 heißt ohne Abzug.</translation>
    </message>
    <message>
        <source>Back to the first values</source>
        <translation>Zurück zu den ersten Werten</translation>
    </message>
</context>
<context>
    <name>ChatRoom</name>
    <message>
        <source>Start a chat</source>
        <translation>Ein Gespräch beginnen</translation>
    </message>
    <message>
        <source>Explain how rivers shape the land around them</source>
        <translation>Erkläre, wie Flüsse das Land um sich formen</translation>
    </message>
    <message>
        <source>Write a short letter asking for a quote</source>
        <translation>Schreibe einen kurzen Brief, der um ein Angebot bittet</translation>
    </message>
    <message>
        <source>What should I look for in a rental contract?</source>
        <translation>Worauf sollte ich bei einem Mietvertrag achten?</translation>
    </message>
</context>
<context>
    <name>ChatView</name>
    <message>
        <source>This model completes text: it was not trained to converse, so it goes on from what you write.</source>
        <translation>Dieses Modell setzt Texte fort: Es wurde nicht für Gespräche trainiert und schreibt weiter, wo Sie aufhören.</translation>
    </message>
</context>
<context>
    <name>CommandPalette</name>
    <message>
        <source>Commands</source>
        <translation>Befehle</translation>
    </message>
    <message>
        <source>Type a command, a document or a conversation</source>
        <translation>Befehl, Dokument oder Gespräch eintippen</translation>
    </message>
    <message>
        <source>Find a command, a document or a conversation</source>
        <translation>Einen Befehl, ein Dokument oder ein Gespräch finden</translation>
    </message>
    <message>
        <source>Commands found</source>
        <translation>Gefundene Befehle</translation>
    </message>
    <message>
        <source>Nothing has these letters in this order.</source>
        <translation>Nichts hat diese Buchstaben in dieser Reihenfolge.</translation>
    </message>
</context>
<context>
    <name>Composer</name>
    <message>
        <source>Message</source>
        <translation>Nachricht</translation>
    </message>
    <message>
        <source>What is asked</source>
        <translation>Was gefragt wird</translation>
    </message>
    <message>
        <source>Find in the text</source>
        <translation>Im Text finden</translation>
    </message>
    <message>
        <source>Talk about it</source>
        <translation>Darüber sprechen</translation>
    </message>
    <message>
        <source>Answers from what the text says, with pages</source>
        <translation>Antwortet aus dem, was im Text steht, mit Seiten</translation>
    </message>
    <message>
        <source>The model answers from having read it</source>
        <translation>Das Modell antwortet aus dem, was es gelesen hat</translation>
    </message>
    <message>
        <source>Remove the pasted text</source>
        <translation>Eingefügten Text entfernen</translation>
    </message>
    <message>
        <source>Pasted text, {count} characters</source>
        <translation>Eingefügter Text, {count} Zeichen</translation>
    </message>
    <message>
        <source>Write a message</source>
        <translation>Nachricht schreiben</translation>
    </message>
    <message>
        <source>Ask what the text says</source>
        <translation>Fragen, was im Text steht</translation>
    </message>
    <message>
        <source>Talk about the document</source>
        <translation>Über das Dokument sprechen</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
</context>
<context>
    <name>ConversationDelegate</name>
    <message>
        <source>Title of the conversation</source>
        <translation>Titel des Gesprächs</translation>
    </message>
</context>
<context>
    <name>ConversationMenu</name>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Umbenennen…</translation>
    </message>
    <message>
        <source>Duplicate</source>
        <translation>Duplizieren</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
</context>
<context>
    <name>ConversationModel</name>
    <message>
        <source>{branch}: {words}</source>
        <translation>{branch}: {words}</translation>
    </message>
    <message>
        <source>Branch {number} of {count}</source>
        <translation>Zweig {number} von {count}</translation>
    </message>
    <message numerus="yes">
        <source>%Ln turn(s)</source>
        <translation>
            <numerusform>%Ln Beitrag</numerusform>
            <numerusform>%Ln Beiträge</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>CopyPage</name>
    <message>
        <source>Make the copy</source>
        <translation>Kopie anlegen</translation>
    </message>
    <message>
        <source>Fewer bits for each weight need less memory and are read faster. The model itself stays as it is.</source>
        <translation>Weniger Bits je Gewicht brauchen weniger Speicher und sind schneller gelesen. Das Modell selbst bleibt, wie es ist.</translation>
    </message>
    <message>
        <source>The copy is checked against the original, the difference is told at the end. It can be stopped at any time and goes on from there when it is asked for again.</source>
        <translation>Die Kopie wird mit dem Original verglichen, der Unterschied am Ende genannt. Sie lässt sich jederzeit anhalten und geht dort weiter, wenn sie wieder verlangt wird.</translation>
    </message>
    <message>
        <source>A smaller copy of {model}</source>
        <translation>Eine kleinere Kopie von {model}</translation>
    </message>
    <message>
        <source>About {size}. Answers hardly differ. Takes about {time} to make.</source>
        <translation>Etwa {size}. Antworten unterscheiden sich kaum. Dauert etwa {time}.</translation>
    </message>
    <message>
        <source>About {size}: the smallest, and the fastest to write. Answers differ more. Takes several times as long to make: the model reads a text for it.</source>
        <translation>Etwa {size}: am kleinsten, und schreibt am schnellsten. Antworten unterscheiden sich mehr. Dauert ein Mehrfaches: Das Modell liest dafür einen Text.</translation>
    </message>
</context>
<context>
    <name>DayGroup</name>
    <message>
        <source>Today</source>
        <translation>Heute</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>Gestern</translation>
    </message>
    <message>
        <source>d MMMM</source>
        <translation>d. MMMM</translation>
    </message>
    <message>
        <source>{month} {year}</source>
        <translation>{month} {year}</translation>
    </message>
</context>
<context>
    <name>DocumentMenu</name>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Remove from library…</source>
        <translation>Aus der Bibliothek entfernen…</translation>
    </message>
</context>
<context>
    <name>DocumentRoom</name>
    <message>
        <source>Ask about {title}</source>
        <translation>Fragen zu {title}</translation>
    </message>
    <message>
        <source>What is the main conclusion?</source>
        <translation>Was ist das wichtigste Ergebnis?</translation>
    </message>
    <message>
        <source>Which dates and amounts are named?</source>
        <translation>Welche Daten und Beträge werden genannt?</translation>
    </message>
    <message>
        <source>What does it say about risks?</source>
        <translation>Was steht darin über Risiken?</translation>
    </message>
</context>
<context>
    <name>DocumentView</name>
    <message>
        <source>New conversation</source>
        <translation>Neues Gespräch</translation>
    </message>
    <message>
        <source>Document</source>
        <translation>Dokument</translation>
    </message>
    <message>
        <source>Summary</source>
        <translation>Zusammenfassung</translation>
    </message>
    <message>
        <source>Ask</source>
        <translation>Fragen</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
    <message>
        <source>Ask about this document in a new conversation</source>
        <translation>In einem neuen Gespräch nach diesem Dokument fragen</translation>
    </message>
    <message>
        <source>Close the pages beside</source>
        <translation>Seiten daneben schließen</translation>
    </message>
</context>
<context>
    <name>FindBar</name>
    <message>
        <source>Find in this document</source>
        <translation>In diesem Dokument suchen</translation>
    </message>
    <message>
        <source>Previous place</source>
        <translation>Vorige Stelle</translation>
    </message>
    <message>
        <source>Shift+Enter</source>
        <translation>Umschalt+Eingabe</translation>
    </message>
    <message>
        <source>Next place</source>
        <translation>Nächste Stelle</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Close the search</source>
        <translation>Suche schließen</translation>
    </message>
    <message>
        <source>Esc</source>
        <translation>Esc</translation>
    </message>
    <message>
        <source>Not found</source>
        <translation>Nicht gefunden</translation>
    </message>
    <message>
        <source>Searching</source>
        <translation>Sucht</translation>
    </message>
    <message>
        <source>{places} so far</source>
        <translation>bisher {places}</translation>
    </message>
    <message>
        <source>{place} of the first {places}</source>
        <translation>{place} von den ersten {places}</translation>
    </message>
    <message>
        <source>{place} of {places}</source>
        <translation>{place} von {places}</translation>
    </message>
    <message>
        <source>{place} of {places} so far</source>
        <translation>{place} von bisher {places}</translation>
    </message>
</context>
<context>
    <name>GeneralPage</name>
    <message>
        <source>General</source>
        <translation>Allgemein</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>The system&apos;s</source>
        <translation>Die des Systems</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>High contrast</source>
        <translation>Hoher Kontrast</translation>
    </message>
    <message>
        <source>Size of text</source>
        <translation>Größe der Schrift</translation>
    </message>
    <message>
        <source>Of the size that the system uses.</source>
        <translation>Anteil an der Größe, die das System benutzt.</translation>
    </message>
    <message>
        <source>Style of summaries</source>
        <translation>Stil der Zusammenfassungen</translation>
    </message>
    <message>
        <source>What suits the model</source>
        <translation>Was zum Modell passt</translation>
    </message>
    <message>
        <source>Brief</source>
        <translation>Kurz</translation>
    </message>
    <message>
        <source>Detailed</source>
        <translation>Ausführlich</translation>
    </message>
    <message>
        <source>Key passages</source>
        <translation>Kernstellen</translation>
    </message>
    <message>
        <source>Another one can be chosen above each summary.</source>
        <translation>Über jeder Zusammenfassung lässt sich ein anderer wählen.</translation>
    </message>
</context>
<context>
    <name>HomeController</name>
    <message>
        <source>new</source>
        <translation>neu</translation>
    </message>
    <message>
        <source>reading</source>
        <translation>wird gelesen</translation>
    </message>
    <message>
        <source>read</source>
        <translation>gelesen</translation>
    </message>
</context>
<context>
    <name>HomeView</name>
    <message>
        <source>Open the sample document</source>
        <translation>Beispieldokument öffnen</translation>
    </message>
    <message>
        <source>A booklet of 34 pages, read in about half a minute.</source>
        <translation>Ein Heft von 34 Seiten, in etwa einer halben Minute gelesen.</translation>
    </message>
    <message>
        <source>Open a file…</source>
        <translation>Datei öffnen…</translation>
    </message>
    <message>
        <source>PDF, EPUB, Word, HTML, Markdown or plain text. Or drop one anywhere in this window.</source>
        <translation>PDF, EPUB, Word, HTML, Markdown oder reiner Text. Oder eine irgendwo in dieses Fenster ziehen.</translation>
    </message>
    <message>
        <source>Start a chat</source>
        <translation>Gespräch beginnen</translation>
    </message>
    <message>
        <source>Talk with the model. Conversations are kept and can branch.</source>
        <translation>Mit dem Modell sprechen. Gespräche bleiben erhalten und können sich verzweigen.</translation>
    </message>
    <message>
        <source>Recent documents</source>
        <translation>Zuletzt geöffnet</translation>
    </message>
    <message>
        <source>RecurrentGemma 2B and 9B, which write better, can be downloaded or added from files.</source>
        <translation>RecurrentGemma 2B und 9B, die besser schreiben, lassen sich herunterladen oder aus Dateien hinzufügen.</translation>
    </message>
    <message>
        <source>Choose or add a model…</source>
        <translation>Modell wählen…</translation>
    </message>
    <message>
        <source>Reads long documents whole, on this machine, and shows where in them each line comes from.</source>
        <translation>Liest lange Dokumente ganz, auf diesem Rechner, und zeigt zu jeder Zeile, wo sie herkommt.</translation>
    </message>
    <message>
        <source>The model in use is {name}.</source>
        <translation>Das Modell in Gebrauch ist {name}.</translation>
    </message>
</context>
<context>
    <name>ImportPage</name>
    <message>
        <source>Import</source>
        <translation>Importieren</translation>
    </message>
    <message>
        <source>Take no room twice where the disk can do that</source>
        <translation>Keinen Platz doppelt belegen, wo der Datenträger das kann</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>The files stay where they are; nothing is changed in them.</source>
        <translation>Die Dateien bleiben, wo sie sind; in ihnen wird nichts geändert.</translation>
    </message>
    <message>
        <source>Import a model</source>
        <translation>Ein Modell importieren</translation>
    </message>
    <message>
        <source>Looking what is in it</source>
        <translation>Es wird nachgesehen, was darin ist</translation>
    </message>
    <message>
        <source>Import {model}?</source>
        <translation>{model} importieren?</translation>
    </message>
    <message>
        <source>As they are ({form})</source>
        <translation>Wie sie sind ({form})</translation>
    </message>
    <message>
        <source>{form}: a smaller copy, about {size}</source>
        <translation>{form}: eine kleinere Kopie, etwa {size}</translation>
    </message>
</context>
<context>
    <name>LibraryModel</name>
    <message>
        <source>opening {percent} %</source>
        <translation>wird geöffnet, {percent} %</translation>
    </message>
    <message>
        <source>reading {percent} %</source>
        <translation>wird gelesen, {percent} %</translation>
    </message>
    <message>
        <source>needs password</source>
        <translation>braucht Passwort</translation>
    </message>
    <message>
        <source>could not be read</source>
        <translation>nicht lesbar</translation>
    </message>
    <message>
        <source>new</source>
        <translation>neu</translation>
    </message>
    <message>
        <source>read</source>
        <translation>gelesen</translation>
    </message>
    <message numerus="yes">
        <source>%Ln part(s)</source>
        <translation>
            <numerusform>%Ln Teil</numerusform>
            <numerusform>%Ln Teile</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln page(s)</source>
        <translation>
            <numerusform>%Ln Seite</numerusform>
            <numerusform>%Ln Seiten</numerusform>
        </translation>
    </message>
    <message>
        <source>pages {range}</source>
        <translation>Seiten {range}</translation>
    </message>
    <message>
        <source>page {range}</source>
        <translation>Seite {range}</translation>
    </message>
</context>
<context>
    <name>LineHtml</name>
    <message>
        <source>not supported by the text</source>
        <translation>vom Text nicht belegt</translation>
    </message>
    <message>
        <source>nowhere in it: {words}</source>
        <translation>nirgends darin: {words}</translation>
    </message>
</context>
<context>
    <name>LineList</name>
    <message>
        <source>Tab goes from page mark to page mark, Escape leaves the text.</source>
        <translation>Tab geht von Seitenmarke zu Seitenmarke, Escape verlässt den Text.</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Select all</source>
        <translation>Alles auswählen</translation>
    </message>
</context>
<context>
    <name>LogsPage</name>
    <message>
        <source>Logs</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>What is written to the log</source>
        <translation>Was ins Protokoll geschrieben wird</translation>
    </message>
    <message>
        <source>Errors</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Errors and warnings</source>
        <translation>Fehler und Warnungen</translation>
    </message>
    <message>
        <source>Events too</source>
        <translation>Auch Ereignisse</translation>
    </message>
    <message>
        <source>Everything, to find a fault</source>
        <translation>Alles, um einen Fehler zu finden</translation>
    </message>
    <message>
        <source>The log holds times, sizes and reasons, never the text of a document or of a conversation.</source>
        <translation>Das Protokoll enthält Zeiten, Größen und Gründe, nie den Text eines Dokuments oder Gesprächs.</translation>
    </message>
    <message>
        <source>Log file</source>
        <translation>Protokolldatei</translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Open the folder of logs</source>
        <translation>Ordner der Protokolle öffnen</translation>
    </message>
</context>
<context>
    <name>Markdown</name>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
</context>
<context>
    <name>MeterPlots</name>
    <message>
        <source>Reading</source>
        <translation>Lesen</translation>
    </message>
    <message>
        <source>Writing</source>
        <translation>Schreiben</translation>
    </message>
    <message>
        <source>Worker</source>
        <translation>Prozess</translation>
    </message>
    <message>
        <source>GPU</source>
        <translation>GPU</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Plot: {name}</source>
        <translation>Kurve: {name}</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
    <message>
        <source>tokens/s</source>
        <translation>Tokens/s</translation>
    </message>
    <message>
        <source>{unit}, always</source>
        <translation>{unit}, immer</translation>
    </message>
    <message>
        <source>{count} states are held now: {size}</source>
        <translation>{count} Zustände liegen jetzt im Speicher: {size}</translation>
    </message>
    <message>
        <source>{minutes} min ago</source>
        <translation>vor {minutes} min</translation>
    </message>
    <message>
        <source>{name}: {value}</source>
        <translation>{name}: {value}</translation>
    </message>
    <message>
        <source>{values}; the scale ends at {top}</source>
        <translation>{values}; die Skala endet bei {top}</translation>
    </message>
</context>
<context>
    <name>MetersView</name>
    <message>
        <source>Meters start when a model is loaded.</source>
        <translation>Die Messung beginnt, sobald ein Modell geladen ist.</translation>
    </message>
    <message>
        <source>No answer written yet</source>
        <translation>Noch keine Antwort geschrieben</translation>
    </message>
    <message>
        <source>Time to first token {seconds} s · {rate} tokens/s</source>
        <translation>Erstes Token nach {seconds} s · {rate} Tokens/s</translation>
    </message>
    <message>
        <source>Tokens written: {count}</source>
        <translation>Tokens geschrieben: {count}</translation>
    </message>
    <message>
        <source>Tokens read: {count}</source>
        <translation>Tokens gelesen: {count}</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Last turn</source>
        <translation>Letzter Beitrag</translation>
    </message>
    <message>
        <source>This run</source>
        <translation>Seit dem Start</translation>
    </message>
    <message>
        <source>Meters</source>
        <translation>Messwerte</translation>
    </message>
    <message>
        <source>working</source>
        <translation>arbeitet</translation>
    </message>
    <message>
        <source>idle</source>
        <translation>ruht</translation>
    </message>
</context>
<context>
    <name>ModelDetails</name>
    <message>
        <source>Discard the download</source>
        <translation>Download verwerfen</translation>
    </message>
    <message>
        <source>Check the files</source>
        <translation>Dateien prüfen</translation>
    </message>
    <message>
        <source>Make a smaller copy…</source>
        <translation>Kleinere Kopie anlegen…</translation>
    </message>
    <message>
        <source>Show the licence page in the browser</source>
        <translation>Lizenzseite im Browser zeigen</translation>
    </message>
    <message>
        <source>Remove from this machine…</source>
        <translation>Von diesem Rechner entfernen…</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Speed here</source>
        <translation>Tempo hier</translation>
    </message>
    <message>
        <source>Runs on</source>
        <translation>Läuft auf</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>Parameter</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>From</source>
        <translation>Von</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>About the model</source>
        <translation>Über das Modell</translation>
    </message>
    <message>
        <source>Converses: it was trained to follow instructions</source>
        <translation>Führt Gespräche: Es hat gelernt, Anweisungen zu folgen</translation>
    </message>
    <message>
        <source>Completes text</source>
        <translation>Setzt Text fort</translation>
    </message>
    <message>
        <source>On the disk</source>
        <translation>Auf der Platte</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Herunterladen</translation>
    </message>
    <message>
        <source>not known until this machine has been measured</source>
        <translation>erst bekannt, wenn dieser Rechner gemessen ist</translation>
    </message>
    <message>
        <source>the processor</source>
        <translation>dem Prozessor</translation>
    </message>
    <message>
        <source>the NVIDIA GPU</source>
        <translation>der NVIDIA-GPU</translation>
    </message>
    <message>
        <source>the Apple GPU</source>
        <translation>der Apple-GPU</translation>
    </message>
    <message>
        <source>{device}, with weights as {form}</source>
        <translation>{device}, mit Gewichten als {form}</translation>
    </message>
    <message>
        <source>{number} billion</source>
        <translation>{number} Milliarden</translation>
    </message>
    <message>
        <source>{number} million</source>
        <translation>{number} Millionen</translation>
    </message>
    <message>
        <source>Go on with the download</source>
        <translation>Download fortsetzen</translation>
    </message>
    <message>
        <source>Use this model…</source>
        <translation>Dieses Modell verwenden…</translation>
    </message>
</context>
<context>
    <name>ModelPage</name>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Get, check and compare models…</source>
        <translation>Modelle holen, prüfen und vergleichen…</translation>
    </message>
    <message>
        <source>The fastest there is</source>
        <translation>Das schnellste, das da ist</translation>
    </message>
    <message>
        <source>Processor (cpu)</source>
        <translation>Prozessor (cpu)</translation>
    </message>
    <message>
        <source>NVIDIA GPU (cuda)</source>
        <translation>NVIDIA-GPU (cuda)</translation>
    </message>
    <message>
        <source>Apple GPU (mps)</source>
        <translation>Apple-GPU (mps)</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>Gerät</translation>
    </message>
    <message>
        <source>Weight format</source>
        <translation>Format der Gewichte</translation>
    </message>
    <message>
        <source>What suits model and device</source>
        <translation>Was zu Modell und Gerät passt</translation>
    </message>
    <message>
        <source>Fewer bits need less memory and are read faster; answers may differ a little.</source>
        <translation>Weniger Bits brauchen weniger Speicher und werden schneller gelesen; Antworten können ein wenig anders ausfallen.</translation>
    </message>
    <message>
        <source>Threads of the processor</source>
        <translation>Threads des Prozessors</translation>
    </message>
    <message>
        <source>Chosen by itself</source>
        <translation>Von selbst gewählt</translation>
    </message>
    <message numerus="yes">
        <source>This machine has %n thread(s).</source>
        <translation>
            <numerusform>Dieser Rechner hat %n Thread.</numerusform>
            <numerusform>Dieser Rechner hat %n Threads.</numerusform>
        </translation>
    </message>
    <message>
        <source>In the data folder</source>
        <translation>Im Datenordner</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <source>Choose the folder of models</source>
        <translation>Ordner der Modelle wählen</translation>
    </message>
    <message>
        <source>Folder of models</source>
        <translation>Ordner der Modelle</translation>
    </message>
    <message>
        <source>Each model is a folder in it.</source>
        <translation>Jedes Modell ist ein Ordner darin.</translation>
    </message>
</context>
<context>
    <name>ModelRemovalQuestion</name>
    <message>
        <source>Remove a model</source>
        <translation>Ein Modell entfernen</translation>
    </message>
    <message>
        <source>Remove {model} from this machine? {size} are freed. Conversations and summaries stay; files that it was imported from stay where they are.</source>
        <translation>{model} von diesem Rechner entfernen? {size} werden frei. Gespräche und Zusammenfassungen bleiben; Dateien, aus denen es importiert wurde, bleiben, wo sie sind.</translation>
    </message>
</context>
<context>
    <name>ModelTells</name>
    <message>
        <source>It is here now; every file was checked.</source>
        <translation>Es ist jetzt da; jede Datei wurde geprüft.</translation>
    </message>
    <message>
        <source>It was imported; every file was checked.</source>
        <translation>Es wurde importiert; jede Datei wurde geprüft.</translation>
    </message>
    <message>
        <source>Stopped. What is done of the copy is kept.</source>
        <translation>Angehalten. Was von der Kopie fertig ist, bleibt.</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Enter a token…</source>
        <translation>Token eingeben…</translation>
    </message>
    <message>
        <source>Go through the steps…</source>
        <translation>Schritte durchgehen…</translation>
    </message>
    <message>
        <source>Choose the folder of models…</source>
        <translation>Ordner der Modelle wählen…</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Noch einmal versuchen</translation>
    </message>
    <message>
        <source>All {files} files and {tensors} tensors are as they were when they came.</source>
        <translation>Alle {files} Dateien und {tensors} Tensoren sind, wie sie kamen.</translation>
    </message>
    <message>
        <source>All {tensors} tensors are sound in themselves. There is no record of how the files were when they came.</source>
        <translation>Alle {tensors} Tensoren sind in sich heil. Wie die Dateien waren, als sie kamen, ist nirgends festgehalten.</translation>
    </message>
    <message>
        <source>And {number} more.</source>
        <translation>Und {number} weitere.</translation>
    </message>
    <message>
        <source>Remove the model and get or import it again.</source>
        <translation>Entfernen Sie das Modell und holen oder importieren Sie es neu.</translation>
    </message>
    <message>
        <source>The copy is made: {size}. Every file was read back.</source>
        <translation>Die Kopie ist fertig: {size}. Jede Datei wurde nachgelesen.</translation>
    </message>
    <message>
        <source>The copy is made: {size}. On a text of {tokens} tokens its perplexity is {after}, the original&apos;s {before}: lower is better.</source>
        <translation>Die Kopie ist fertig: {size}. Auf einem Text von {tokens} Token ist ihre Perplexität {after}, die des Originals {before}: Weniger ist besser.</translation>
    </message>
</context>
<context>
    <name>ModelWords</name>
    <message>
        <source>In use</source>
        <translation>In Gebrauch</translation>
    </message>
    <message>
        <source>Came with the program</source>
        <translation>Kam mit dem Programm</translation>
    </message>
    <message>
        <source>On this machine</source>
        <translation>Auf diesem Rechner</translation>
    </message>
    <message>
        <source>Download paused at {percent} %</source>
        <translation>Download pausiert bei {percent} %</translation>
    </message>
    <message>
        <source>Damaged</source>
        <translation>Beschädigt</translation>
    </message>
    <message>
        <source>Not here yet</source>
        <translation>Noch nicht hier</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>Wird angehalten</translation>
    </message>
    <message>
        <source>Waits for its turn</source>
        <translation>Wartet, bis es an der Reihe ist</translation>
    </message>
    <message>
        <source>{what}, {percent} %</source>
        <translation>{what}, {percent} %</translation>
    </message>
    <message>
        <source>Downloading {model}</source>
        <translation>{model} wird heruntergeladen</translation>
    </message>
    <message>
        <source>Importing {model}</source>
        <translation>{model} wird importiert</translation>
    </message>
    <message>
        <source>Making a smaller copy of {model}</source>
        <translation>Kleinere Kopie von {model} wird angelegt</translation>
    </message>
    <message>
        <source>Checking the files of {model}</source>
        <translation>Dateien von {model} werden geprüft</translation>
    </message>
    <message>
        <source>Measuring this machine</source>
        <translation>Dieser Rechner wird gemessen</translation>
    </message>
    <message>
        <source>{done} of {total}</source>
        <translation>{done} von {total}</translation>
    </message>
    <message>
        <source>{size} a second</source>
        <translation>{size} je Sekunde</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>noch {time}</translation>
    </message>
    <message>
        <source>It is not known whether it fits</source>
        <translation>Ob es passt, ist nicht bekannt</translation>
    </message>
    <message>
        <source>Fits well</source>
        <translation>Passt gut</translation>
    </message>
    <message>
        <source>Tight</source>
        <translation>Knapp</translation>
    </message>
    <message>
        <source>Will not fit</source>
        <translation>Passt nicht</translation>
    </message>
    <message>
        <source>reads {read}, writes {write} tokens/s</source>
        <translation>liest {read}, schreibt {write} Token/s</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>Wird heruntergeladen</translation>
    </message>
    <message>
        <source>Checking</source>
        <translation>Wird geprüft</translation>
    </message>
    <message>
        <source>Copying</source>
        <translation>Wird kopiert</translation>
    </message>
    <message>
        <source>Converting</source>
        <translation>Wird umgewandelt</translation>
    </message>
    <message>
        <source>Measuring</source>
        <translation>Wird gemessen</translation>
    </message>
</context>
<context>
    <name>ModelsController</name>
    <message>
        <source>There is a model {name} already: choose another name.</source>
        <translation>Ein Modell {name} gibt es schon: Wählen Sie einen anderen Namen.</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>{model}: what was interrupted can be gone on with.</source>
        <translation>{model}: Was unterbrochen wurde, lässt sich fortsetzen.</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>This machine is being measured once, for the expected speeds: about a quarter of a minute.</source>
        <translation>Dieser Rechner wird einmal gemessen, um das Tempo vorherzusagen: etwa eine Viertelminute.</translation>
    </message>
</context>
<context>
    <name>ModelsDialog</name>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Import a folder…</source>
        <translation>Ordner importieren…</translation>
    </message>
    <message>
        <source>Import a file…</source>
        <translation>Datei importieren…</translation>
    </message>
    <message>
        <source>Device and threads…</source>
        <translation>Gerät und Threads…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Folder of a model</source>
        <translation>Ordner eines Modells</translation>
    </message>
    <message>
        <source>Weights of models (*.safetensors *.pt);;All files (*)</source>
        <translation>Gewichte von Modellen (*.safetensors *.pt);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>File of a model</source>
        <translation>Datei eines Modells</translation>
    </message>
</context>
<context>
    <name>NetworkUses</name>
    <message>
        <source>Nothing leaves this machine: documents, questions and answers are read and written here only.</source>
        <translation>Nichts verlässt diesen Rechner: Dokumente, Fragen und Antworten werden nur hier gelesen und geschrieben.</translation>
    </message>
    <message>
        <source>A web link that you click is opened by your web browser, and only while “Stay offline” is switched off.</source>
        <translation>Einen Link, auf den geklickt wird, öffnet der Webbrowser, und nur solange „Offline bleiben“ ausgeschaltet ist.</translation>
    </message>
    <message>
        <source>When you press “Download” in “Models”, the model’s files are asked for at huggingface.co, or at the address in HF_ENDPOINT, and at the servers that it names for them. What is sent: the model’s name, the names of its files, the versions of the programs that ask and, to the first address alone, your token if there is one.</source>
        <translation>Wenn Sie unter „Modelle“ auf „Herunterladen“ drücken, werden die Dateien des Modells bei huggingface.co oder bei der Adresse in HF_ENDPOINT verlangt, und bei den Servern, die von dort genannt werden. Gesendet werden der Name des Modells, die Namen seiner Dateien, die Versionen der fragenden Programme und, nur an die erste Adresse, Ihr Token, wenn es eines gibt.</translation>
    </message>
    <message>
        <source>When you press “Check and keep” there, the token is sent to the same address to be checked.</source>
        <translation>Wenn Sie dort auf „Prüfen und behalten“ drücken, wird das Token zum Prüfen an dieselbe Adresse gesendet.</translation>
    </message>
    <message>
        <source>The buttons there that name a page, such as the licence’s, open it in your web browser.</source>
        <translation>Die Knöpfe dort, die eine Seite nennen, wie die der Lizenz, öffnen sie in Ihrem Webbrowser.</translation>
    </message>
    <message>
        <source>There is no check for updates, no account of its own, no count of use and no report of errors.</source>
        <translation>Es gibt keine Suche nach Updates, kein eigenes Konto, keine Zählung der Nutzung und keine Fehlerberichte.</translation>
    </message>
</context>
<context>
    <name>NoticeBar</name>
    <message>
        <source>Copy details</source>
        <translation>Einzelheiten kopieren</translation>
    </message>
    <message>
        <source>Close this notice</source>
        <translation>Diese Meldung schließen</translation>
    </message>
    <message>
        <source>{number} more</source>
        <translation>{number} weitere</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
</context>
<context>
    <name>OutlineModel</name>
    <message>
        <source>{title}, page {page}</source>
        <translation>{title}, Seite {page}</translation>
    </message>
</context>
<context>
    <name>OutlineTree</name>
    <message>
        <source>Outline</source>
        <translation>Gliederung</translation>
    </message>
</context>
<context>
    <name>PageCanvas</name>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
    <message>
        <source>page {page} of {pages}</source>
        <translation>Seite {page} von {pages}</translation>
    </message>
</context>
<context>
    <name>PageField</name>
    <message>
        <source>Page number</source>
        <translation>Seitenzahl</translation>
    </message>
    <message>
        <source>Page number: type another and press Enter</source>
        <translation>Seitenzahl: eine andere eintippen und Eingabe drücken</translation>
    </message>
</context>
<context>
    <name>PageNote</name>
    <message>
        <source>Close the note</source>
        <translation>Hinweis schließen</translation>
    </message>
</context>
<context>
    <name>PageTools</name>
    <message>
        <source>Outline</source>
        <translation>Gliederung</translation>
    </message>
    <message>
        <source>Previous page</source>
        <translation>Vorige Seite</translation>
    </message>
    <message>
        <source>Next page</source>
        <translation>Nächste Seite</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Fit width</source>
        <translation>Auf Breite einpassen</translation>
    </message>
    <message>
        <source>Find</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>{percent} %</source>
        <translation>{percent} %</translation>
    </message>
</context>
<context>
    <name>PagesController</name>
    <message>
        <source>The pages need the file&apos;s password; the text that was read is shown instead.</source>
        <translation>Die Seiten brauchen das Passwort der Datei; stattdessen ist der gelesene Text zu sehen.</translation>
    </message>
    <message>
        <source>The file is not at {path} any more</source>
        <translation>Die Datei liegt nicht mehr unter {path}</translation>
    </message>
    <message>
        <source>The file at {path} is not the document that was read any more</source>
        <translation>Die Datei unter {path} ist nicht mehr das Dokument, das gelesen wurde</translation>
    </message>
    <message>
        <source>{why}; the text that was read is shown instead.</source>
        <translation>{why}; stattdessen ist der gelesene Text zu sehen.</translation>
    </message>
</context>
<context>
    <name>PagesView</name>
    <message>
        <source>The quote could not be marked on this page; it reads: {quote}</source>
        <translation>Der Beleg ließ sich auf dieser Seite nicht markieren; er lautet: {quote}</translation>
    </message>
</context>
<context>
    <name>PasswordDialog</name>
    <message>
        <source>Password needed</source>
        <translation>Passwort nötig</translation>
    </message>
    <message>
        <source>This document is locked. Type its password to read it.</source>
        <translation>Dieses Dokument ist gesperrt. Zum Lesen ist sein Passwort nötig.</translation>
    </message>
    <message>
        <source>That password does not open it. Check capital letters and try again.</source>
        <translation>Dieses Passwort öffnet es nicht. Groß- und Kleinschreibung prüfen und noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Password of {file}</source>
        <translation>Passwort von {file}</translation>
    </message>
    <message>
        <source>Show the password</source>
        <translation>Passwort zeigen</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
</context>
<context>
    <name>PrivacyPage</name>
    <message>
        <source>Privacy</source>
        <translation>Datenschutz</translation>
    </message>
    <message>
        <source>Stay offline</source>
        <translation>Offline bleiben</translation>
    </message>
    <message>
        <source>While this is on, nothing connects to the network but what you start in “Models”: a download, the check of a token, a page in the browser. A link in an answer is copied, not opened. Documents and conversations stay here either way.</source>
        <translation>Solange das eingeschaltet ist, verbindet sich nichts mit dem Netz außer dem, was Sie unter „Modelle“ beginnen: ein Download, die Prüfung eines Tokens, eine Seite im Browser. Ein Link in einer Antwort wird kopiert, nicht geöffnet. Dokumente und Gespräche bleiben in jedem Fall hier.</translation>
    </message>
    <message>
        <source>The network is used for this and nothing else:</source>
        <translation>Das Netz wird hierfür benutzt und für nichts sonst:</translation>
    </message>
</context>
<context>
    <name>ProgressLine</name>
    <message>
        <source>Progress of the reading</source>
        <translation>Fortschritt des Lesens</translation>
    </message>
    <message>
        <source>page {page} of {pages}</source>
        <translation>Seite {page} von {pages}</translation>
    </message>
    <message>
        <source>{done} of {total} tokens</source>
        <translation>{done} von {total} Tokens</translation>
    </message>
    <message>
        <source>{rate} tokens/s</source>
        <translation>{rate} Tokens/s</translation>
    </message>
    <message>
        <source>{done} of {total} sections written</source>
        <translation>{done} von {total} Abschnitten geschrieben</translation>
    </message>
    <message>
        <source>{seconds} s left</source>
        <translation>noch {seconds} s</translation>
    </message>
    <message>
        <source>{minutes} min left</source>
        <translation>noch {minutes} min</translation>
    </message>
    <message>
        <source>{hours} h {minutes} min left</source>
        <translation>noch {hours} h {minutes} min</translation>
    </message>
</context>
<context>
    <name>RemovalQuestion</name>
    <message>
        <source>Remove from library</source>
        <translation>Aus der Bibliothek entfernen</translation>
    </message>
    <message>
        <source>Remove {title} from the library? Its summary is deleted with it; the file stays where it is.</source>
        <translation>{title} aus der Bibliothek entfernen? Die Zusammenfassung wird mit gelöscht; die Datei bleibt, wo sie ist.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
</context>
<context>
    <name>SearchField</name>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Search titles, and what was said in conversations</source>
        <translation>Titel durchsuchen, und was in Gesprächen gesagt wurde</translation>
    </message>
    <message>
        <source>Search documents and conversations</source>
        <translation>Dokumente und Gespräche durchsuchen</translation>
    </message>
    <message>
        <source>Clear the search</source>
        <translation>Suche leeren</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Pages of settings</source>
        <translation>Seiten der Einstellungen</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>The model is loaded again: {names}.</source>
        <translation>Das Modell wird neu geladen: {names}.</translation>
    </message>
    <message>
        <source>At the next start of the program: {names}.</source>
        <translation>Ab dem nächsten Start des Programms: {names}.</translation>
    </message>
    <message>
        <source>Give the folder&apos;s whole path, or leave the field empty for the one in the data folder.</source>
        <translation>Bitte den ganzen Pfad des Ordners angeben oder das Feld leer lassen für den im Datenordner.</translation>
    </message>
    <message numerus="yes">
        <source>The prompt has %n character(s); {most} are the most.</source>
        <translation>
            <numerusform>Die Anweisung hat %n Zeichen; {most} sind das Höchste.</numerusform>
            <numerusform>Die Anweisung hat %n Zeichen; {most} sind das Höchste.</numerusform>
        </translation>
    </message>
    <message>
        <source>This cannot be saved: {reason}.</source>
        <translation>Das lässt sich nicht speichern: {reason}.</translation>
    </message>
</context>
<context>
    <name>ShelfSection</name>
    <message>
        <source>{shown} of {total}</source>
        <translation>{shown} von {total}</translation>
    </message>
</context>
<context>
    <name>ShortcutSheet</name>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>All commands and their keys</source>
        <translation>Alle Befehle und ihre Tasten</translation>
    </message>
    <message>
        <source> or </source>
        <translation> oder </translation>
    </message>
</context>
<context>
    <name>Sidebar</name>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Open a document from a file</source>
        <translation>Ein Dokument aus einer Datei öffnen</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>Neues Gespräch</translation>
    </message>
    <message>
        <source>Library</source>
        <translation>Bibliothek</translation>
    </message>
    <message>
        <source>Conversations</source>
        <translation>Gespräche</translation>
    </message>
    <message>
        <source>In conversations</source>
        <translation>In Gesprächen</translation>
    </message>
    <message>
        <source>No conversation holds these words.</source>
        <translation>Kein Gespräch enthält diese Wörter.</translation>
    </message>
    <message>
        <source>No title has these words.</source>
        <translation>Kein Titel enthält diese Wörter.</translation>
    </message>
    <message>
        <source>Open a document to have it read from the first page to the last.</source>
        <translation>Ein Dokument öffnen, um es von der ersten bis zur letzten Seite lesen zu lassen.</translation>
    </message>
    <message>
        <source>Start a chat, or ask about a document; what is said is kept here.</source>
        <translation>Ein Gespräch beginnen oder nach einem Dokument fragen; was gesagt wird, bleibt hier erhalten.</translation>
    </message>
</context>
<context>
    <name>StatusLine</name>
    <message>
        <source>No model</source>
        <translation>Kein Modell</translation>
    </message>
    <message>
        <source>Choose a model</source>
        <translation>Modell wählen</translation>
    </message>
    <message>
        <source>Memory that the worker takes: {size}</source>
        <translation>Speicher, den der Arbeitsprozess belegt: {size}</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>noch {time}</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>Bereit</translation>
    </message>
    <message>
        <source>{percent} %</source>
        <translation>{percent} %</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pausieren</translation>
    </message>
</context>
<context>
    <name>StepPage</name>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
</context>
<context>
    <name>StoragePage</name>
    <message>
        <source>Storage</source>
        <translation>Speicherplatz</translation>
    </message>
    <message>
        <source>Room for saved states</source>
        <translation>Platz für gespeicherte Zustände</translation>
    </message>
    <message>
        <source>{used} are used now. With a state at hand a document or a conversation goes on at once; without one it is read again, and nothing is lost.</source>
        <translation>{used} sind jetzt belegt. Liegt ein Zustand vor, geht es mit einem Dokument oder Gespräch sofort weiter; ohne ihn wird neu gelesen, und nichts geht verloren.</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>Ändern…</translation>
    </message>
    <message>
        <source>Change the data folder</source>
        <translation>Datenordner ändern</translation>
    </message>
    <message>
        <source>Data folder</source>
        <translation>Datenordner</translation>
    </message>
    <message>
        <source>--data-dir or GRIFFIN_DESK_DATA_DIR decides; start without them to choose another folder.</source>
        <translation>--data-dir oder GRIFFIN_DESK_DATA_DIR bestimmt ihn; ohne sie gestartet lässt sich ein anderer Ordner wählen.</translation>
    </message>
    <message>
        <source>Documents, conversations and settings. Nothing is moved when another folder is chosen.</source>
        <translation>Dokumente, Gespräche und Einstellungen. Wird ein anderer Ordner gewählt, so wird nichts verschoben.</translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Open the data folder</source>
        <translation>Datenordner öffnen</translation>
    </message>
</context>
<context>
    <name>SummaryBar</name>
    <message>
        <source>Style of the summary</source>
        <translation>Stil der Zusammenfassung</translation>
    </message>
    <message>
        <source>Choose another model</source>
        <translation>Anderes Modell wählen</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Choose a model</source>
        <translation>Modell wählen</translation>
    </message>
    <message>
        <source>Model: {name}</source>
        <translation>Modell: {name}</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pausieren</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Make anew</source>
        <translation>Neu erstellen</translation>
    </message>
    <message>
        <source>Summarise</source>
        <translation>Zusammenfassen</translation>
    </message>
    <message>
        <source>Brief</source>
        <translation>Kurz</translation>
    </message>
    <message>
        <source>Detailed</source>
        <translation>Ausführlich</translation>
    </message>
    <message>
        <source>Key passages</source>
        <translation>Kernstellen</translation>
    </message>
    <message>
        <source>Written by the model: the main points of the whole document on about a page.</source>
        <translation>Vom Modell geschrieben: die Hauptpunkte des ganzen Dokuments auf etwa einer Seite.</translation>
    </message>
    <message>
        <source>Written by the model: the points of every section, in the document&apos;s order.</source>
        <translation>Vom Modell geschrieben: die Punkte jedes Abschnitts, in der Reihenfolge des Dokuments.</translation>
    </message>
    <message>
        <source>The document&apos;s own sentences: those that say most, word for word.</source>
        <translation>Die Sätze des Dokuments selbst: die mit der größten Aussage, Wort für Wort.</translation>
    </message>
</context>
<context>
    <name>SummaryBody</name>
    <message>
        <source>Summary</source>
        <translation>Zusammenfassung</translation>
    </message>
    <message>
        <source>Show it</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>What will happen</source>
        <translation>Was geschehen wird</translation>
    </message>
    <message>
        <source>Section notes</source>
        <translation>Notizen zu den Abschnitten</translation>
    </message>
    <message>
        <source>The summary is ready.</source>
        <translation>Die Zusammenfassung ist fertig.</translation>
    </message>
    <message>
        <source>The notes on each section appear here as they are written.</source>
        <translation>Die Notizen zu jedem Abschnitt erscheinen hier, während sie geschrieben werden.</translation>
    </message>
    <message>
        <source>No sentence worth quoting</source>
        <translation>Kein zitierenswerter Satz</translation>
    </message>
    <message>
        <source>Coverage</source>
        <translation>Abdeckung</translation>
    </message>
    <message>
        <source>How it was made</source>
        <translation>Wie sie entstand</translation>
    </message>
    <message>
        <source>Section notes ({number})</source>
        <translation>Notizen ({number})</translation>
    </message>
</context>
<context>
    <name>SummaryController</name>
    <message>
        <source>Waiting for the model</source>
        <translation>Wartet auf das Modell</translation>
    </message>
    <message>
        <source>Pausing</source>
        <translation>Pausiert gleich</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>Wird angehalten</translation>
    </message>
    <message>
        <source>Written to {path}</source>
        <translation>Geschrieben nach {path}</translation>
    </message>
    <message>
        <source>{done} of {total} sections are written; Resume goes on from there</source>
        <translation>{done} von {total} Abschnitten sind geschrieben; „Fortsetzen“ macht dort weiter</translation>
    </message>
    <message numerus="yes">
        <source>Going on: %n section(s) are written</source>
        <translation>
            <numerusform>Es geht weiter: %n Abschnitt ist geschrieben</numerusform>
            <numerusform>Es geht weiter: %n Abschnitte sind geschrieben</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n section(s) are written; Resume goes on from there</source>
        <translation>
            <numerusform>%n Abschnitt ist geschrieben; „Fortsetzen“ macht dort weiter</numerusform>
            <numerusform>%n Abschnitte sind geschrieben; „Fortsetzen“ macht dort weiter</numerusform>
        </translation>
    </message>
    <message>
        <source>A newer one is begun by {model}: {done} of {total} sections are written</source>
        <translation>Eine neuere ist von {model} begonnen: {done} von {total} Abschnitten sind geschrieben</translation>
    </message>
    <message>
        <source>A newer one is begun: {done} of {total} sections are written; Make anew goes on with it</source>
        <translation>Eine neuere ist begonnen: {done} von {total} Abschnitten sind geschrieben; „Neu erstellen“ macht damit weiter</translation>
    </message>
    <message>
        <source>A newer one in another style is begun: {done} of {total} sections are written; choose that style, and Summarise goes on with it</source>
        <translation>Eine neuere in anderer Art ist begonnen: {done} von {total} Abschnitten sind geschrieben; mit dieser Art macht „Zusammenfassen“ damit weiter</translation>
    </message>
    <message>
        <source>{model} read {tokens} tokens at {rate} tokens/s</source>
        <translation>{model} hat {tokens} Tokens mit {rate} Tokens/s gelesen</translation>
    </message>
    <message>
        <source>Waiting: another document is being read</source>
        <translation>Wartet: ein anderes Dokument wird gelesen</translation>
    </message>
</context>
<context>
    <name>SummaryHtml</name>
    <message>
        <source>No sentence worth quoting.</source>
        <translation>Kein zitierenswerter Satz.</translation>
    </message>
</context>
<context>
    <name>SummaryView</name>
    <message>
        <source>The whole document is read, from its first page to its last, and the sentences that say most are kept section by section. The summary is made of the most telling of them, each with its page to check.</source>
        <translation>Das ganze Dokument wird gelesen, von der ersten bis zur letzten Seite, und Abschnitt für Abschnitt bleiben die Sätze mit der größten Aussage. Aus den stärksten von ihnen entsteht die Zusammenfassung, jeder mit seiner Seite zum Nachprüfen.</translation>
    </message>
    <message>
        <source>The whole document is read, from its first page to its last, and notes are written at the end of each section. The summary is made from the notes, and every line shows the pages it rests on.</source>
        <translation>Das ganze Dokument wird gelesen, von der ersten bis zur letzten Seite, und am Ende jedes Abschnitts werden Notizen geschrieben. Aus den Notizen entsteht die Zusammenfassung, und jede Zeile zeigt die Seiten, auf die sie sich stützt.</translation>
    </message>
</context>
<context>
    <name>TalkController</name>
    <message>
        <source>Stopping</source>
        <translation>Wird angehalten</translation>
    </message>
    <message>
        <source>Found in the document</source>
        <translation>Im Dokument gefunden</translation>
    </message>
    <message>
        <source>The model looks at what was found</source>
        <translation>Das Modell sieht sich das Gefundene an</translation>
    </message>
    <message>
        <source>Stopped before the first word; the question is kept</source>
        <translation>Vor dem ersten Wort angehalten; die Frage bleibt erhalten</translation>
    </message>
    <message>
        <source>The model reads the document first: {done} of {total} tokens</source>
        <translation>Das Modell liest erst das Dokument: {done} von {total} Tokens</translation>
    </message>
</context>
<context>
    <name>TextPagesView</name>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
    <message>
        <source>The quote could not be marked on this page; it reads: {quote}</source>
        <translation>Der Beleg ließ sich auf dieser Seite nicht markieren; er lautet: {quote}</translation>
    </message>
    <message>
        <source>There is no text on this page.</source>
        <translation>Auf dieser Seite steht kein Text.</translation>
    </message>
    <message>
        <source>part {page} of {pages}</source>
        <translation>Teil {page} von {pages}</translation>
    </message>
    <message>
        <source>page {page} of {pages}</source>
        <translation>Seite {page} von {pages}</translation>
    </message>
</context>
<context>
    <name>ToldBox</name>
    <message>
        <source>Copy details</source>
        <translation>Einzelheiten kopieren</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
</context>
<context>
    <name>TurnActions</name>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Edit and ask again</source>
        <translation>Ändern und neu fragen</translation>
    </message>
    <message>
        <source>Write the answer again</source>
        <translation>Antwort neu schreiben</translation>
    </message>
    <message>
        <source>Branch into a new conversation</source>
        <translation>In ein neues Gespräch abzweigen</translation>
    </message>
</context>
<context>
    <name>TurnEditor</name>
    <message>
        <source>What you said</source>
        <translation>Was gesagt wurde</translation>
    </message>
    <message>
        <source>Save and ask</source>
        <translation>Speichern und fragen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
</context>
<context>
    <name>TurnHtml</name>
    <message>
        <source>Show more</source>
        <translation>Mehr zeigen</translation>
    </message>
    <message>
        <source>not supported by the text</source>
        <translation>vom Text nicht belegt</translation>
    </message>
    <message>
        <source>not supported by the text, which lacks {words}</source>
        <translation>vom Text nicht belegt, darin fehlt {words}</translation>
    </message>
</context>
<context>
    <name>TurnList</name>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>↓ New text</source>
        <translation>↓ Neuer Text</translation>
    </message>
</context>
<context>
    <name>TurnWidget</name>
    <message>
        <source>You</source>
        <translation>Ich</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Model: writing</source>
        <translation>Modell: schreibt</translation>
    </message>
    <message>
        <source>You: {words}</source>
        <translation>Ich: {words}</translation>
    </message>
    <message>
        <source>Model: {words}</source>
        <translation>Modell: {words}</translation>
    </message>
</context>
<context>
    <name>Turns</name>
    <message>
        <source>From the model&apos;s state, without looking things up</source>
        <translation>Aus dem Zustand des Modells, ohne nachzuschlagen</translation>
    </message>
    <message>
        <source>Written by {model} from what was found in the document</source>
        <translation>Geschrieben von {model} aus dem, was im Dokument gefunden wurde</translation>
    </message>
    <message>
        <source>Quoted from the document, chosen by {model}</source>
        <translation>Aus dem Dokument zitiert, ausgewählt von {model}</translation>
    </message>
    <message>
        <source>Quoted from the document</source>
        <translation>Aus dem Dokument zitiert</translation>
    </message>
    <message>
        <source>Searched the document</source>
        <translation>Hat das Dokument durchsucht</translation>
    </message>
</context>
<context>
    <name>UsePage</name>
    <message>
        <source>Use it</source>
        <translation>Verwenden</translation>
    </message>
    <message>
        <source>Use {model}?</source>
        <translation>{model} verwenden?</translation>
    </message>
    <message>
        <source>It is loaded anew: {size} from the disk.</source>
        <translation>Es wird neu geladen: {size} von der Platte.</translation>
    </message>
    <message>
        <source>What is being read or answered now stops; a summary can be gone on with.</source>
        <translation>Was jetzt gelesen oder beantwortet wird, hält an; eine Zusammenfassung lässt sich fortsetzen.</translation>
    </message>
    <message>
        <source>Conversations and summaries stay. Saved states belong to the model that made them: a conversation or a document is read again when you go on with it. The states of {model} are kept for the way back.</source>
        <translation>Gespräche und Zusammenfassungen bleiben. Gespeicherte Zustände gehören zu dem Modell, das sie gemacht hat: Ein Gespräch oder ein Dokument wird neu gelesen, wenn Sie damit fortfahren. Die Zustände von {model} bleiben für den Rückweg erhalten.</translation>
    </message>
    <message>
        <source>How long that takes is not known until this machine has been measured.</source>
        <translation>Wie lange das dauert, ist erst bekannt, wenn dieser Rechner gemessen ist.</translation>
    </message>
    <message>
        <source>Reading {pages} pages takes about {time}, at {rate} tokens/s.</source>
        <translation>{pages} Seiten zu lesen dauert etwa {time}, bei {rate} Token/s.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln document(s) have been read; the longest, {title}, takes about {time}.</source>
        <translation>
            <numerusform>%Ln Dokument wurde gelesen; {title} dauert etwa {time}.</numerusform>
            <numerusform>%Ln Dokumente wurden gelesen; das längste, {title}, dauert etwa {time}.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WindowController</name>
    <message>
        <source>Written to {path}</source>
        <translation>Geschrieben nach {path}</translation>
    </message>
    <message>
        <source>What you changed takes effect at the next start.</source>
        <translation>Die Änderungen gelten ab dem nächsten Start.</translation>
    </message>
    <message>
        <source>Offline: the address was copied, not opened</source>
        <translation>Offline: Die Adresse wurde kopiert, nicht geöffnet</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Noch einmal versuchen</translation>
    </message>
    <message>
        <source>Going on with reading {title}</source>
        <translation>Liest {title} weiter</translation>
    </message>
    <message>
        <source>{title} is in the library now</source>
        <translation>{title} ist jetzt in der Bibliothek</translation>
    </message>
    <message>
        <source>The copy stands in the list of conversations</source>
        <translation>Die Kopie steht in der Liste der Gespräche</translation>
    </message>
    <message>
        <source>The conversation was deleted; it can be brought back for 30 days.</source>
        <translation>Das Gespräch ist gelöscht; es lässt sich 30 Tage lang zurückholen.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
</context>
<context>
    <name>WindowGaugeWidget</name>
    <message>
        <source>Window gauge</source>
        <translation>Anzeige des Fensters</translation>
    </message>
    <message>
        <source>Nothing is read yet</source>
        <translation>Noch ist nichts gelesen</translation>
    </message>
    <message>
        <source>The only token exactly</source>
        <translation>Das einzige Token genau</translation>
    </message>
    <message>
        <source>All {count} tokens exactly</source>
        <translation>Alle {count} Tokens genau</translation>
    </message>
    <message>
        <source>The last {exact} tokens exactly, {before} before them in the state</source>
        <translation>Die letzten {exact} Tokens genau, {before} davor im Zustand</translation>
    </message>
</context>
<context>
    <name>WorkBox</name>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pausieren</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
</context>
<context>
    <name>_OfflineMark</name>
    <message>
        <source>Offline</source>
        <translation>Offline</translation>
    </message>
    <message>
        <source>Nothing leaves this machine but what you start yourself in “Models”.</source>
        <translation>Nichts verlässt diesen Rechner außer dem, was Sie unter „Modelle“ selbst beginnen.</translation>
    </message>
</context>
</TS>
