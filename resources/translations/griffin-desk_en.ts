<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>ConversationModel</name>
    <message numerus="yes">
        <source>%Ln turn(s)</source>
        <translation>
            <numerusform>%Ln turn</numerusform>
            <numerusform>%Ln turns</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LibraryModel</name>
    <message numerus="yes">
        <source>%Ln part(s)</source>
        <translation>
            <numerusform>%Ln part</numerusform>
            <numerusform>%Ln parts</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln page(s)</source>
        <translation>
            <numerusform>%Ln page</numerusform>
            <numerusform>%Ln pages</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ModelPage</name>
    <message numerus="yes">
        <source>This machine has %n thread(s).</source>
        <translation>
            <numerusform>This machine has %n thread.</numerusform>
            <numerusform>This machine has %n threads.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message numerus="yes">
        <source>The prompt has %n character(s); {most} are the most.</source>
        <translation>
            <numerusform>The prompt has %n character; {most} are the most.</numerusform>
            <numerusform>The prompt has %n characters; {most} are the most.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SummaryController</name>
    <message numerus="yes">
        <source>Going on: %n section(s) are written</source>
        <translation>
            <numerusform>Going on: %n section is written</numerusform>
            <numerusform>Going on: %n sections are written</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n section(s) are written; Resume goes on from there</source>
        <translation>
            <numerusform>%n section is written; Resume goes on from there</numerusform>
            <numerusform>%n sections are written; Resume goes on from there</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>UsePage</name>
    <message numerus="yes">
        <source>%Ln document(s) have been read; the longest, {title}, takes about {time}.</source>
        <translation>
            <numerusform>%Ln document has been read; {title} takes about {time}.</numerusform>
            <numerusform>%Ln documents have been read; the longest, {title}, takes about {time}.</numerusform>
        </translation>
    </message>
</context>
</TS>
