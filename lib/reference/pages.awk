# SPDX-FileCopyrightText: 2026 The procbuf authors
# SPDX-License-Identifier: MIT
# Cuts Doxygen's man page of a header into one page for each function, type and macro that it declares:
# awk -v out=FOLDER -f pages.awk FOLDER/*.h.3
FNR == 1 {
    finish()
    title = $0
    documents = 0
    header = $2
    gsub(/"/, "", header)
}
/^\.SH / {
    finish()
    documents = /Documentation"$/
    next
}
documents && /^\.SS / {
    finish()
    declaration = substr($0, 6, length($0) - 6)
    name = declaration
    gsub(/\\f[BIPRC]/, "", name)
    sub(/ *\(.*/, "", name)
    sub(/   .*/, "", name) # the value of a macro
    sub(/.*[ *]/, "", name)
    page = title "\n.nh\n.ad l\n.SH NAME\n"
    sub(/"[^"]*"/, "\"" name "\"", page)
    text = ""
    next
}
page != "" && brief == "" && /^[^.]/ {
    brief = $0
    sub(/\\&\.( |$).*/, "", brief)
}
/^\\fB(Parameters|Returns|Return values|Precondition|Cost|Example|See also|Enumerator)\\fP$/ {
    heading = $0
    gsub(/\\f[BP]/, "", heading)
    text = text ".SH \"" toupper(heading) "\"\n"
    indented = 1
    next
}
indented && /^\.RS/ { next }
indented && /^\.RE/ {
    indented = 0
    next
}
{ text = text $0 "\n" }
END { finish() }

function finish(    file) {
    if (page != "") {
        file = out "/" name ".3"
        print page name " \\- " brief "\n.SH SYNOPSIS\n.B #include <" header ">\n.PP\n" declaration "\n.SH DESCRIPTION\n" text > file
        close(file)
    }
    page = brief = text = ""
    indented = 0
}
