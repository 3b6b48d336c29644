"""Function words of the languages whose texts are told apart: short lists of our own."""

from __future__ import annotations

# "not", "no", "never" and "without" are left out on purpose: they carry the sense of a claim.
_ENGLISH = """
    a about above after again against all also although am among an and another any are aren as at be because been
    before being below between both but by can could did didn do does doesn doing don done down during each either
    else etc even ever every few for from further had has have having he hence her here hers herself him himself his
    how however i if in instead into is isn it it's its itself just least less let let's like many may me might more
    most much must my myself nevertheless of off often on once one only onto or other others our ours ourselves out
    over own per perhaps quite rather s same shall she should since so some such than that that's the their theirs
    them themselves then there there's therefore these they this those though through thus to too toward towards
    under until up upon us use used using very was wasn we well were weren what whatever when where whether which
    while who whom whose why will with within would yet you your yours yourself
"""
_GERMAN = """
    aber alle als also am an auch auf aus bei bin bis da damit dann das dass dem den denn der des die dies diese
    dieser doch dort du durch ein eine einem einen einer eines er es für gegen haben hat hatte hier ich ihm ihn ihr
    ihre im in ist ja kann man mehr mit muss nach noch nun nur ob oder ohne sein seine sich sie sind so um und uns
    unter vom von vor war waren was weil wenn werden wie wir wird wo wurde wurden zu zum zur zwischen über
"""
_FRENCH = """
    au aux avec c ce ces cet cette comme d dans de des du elle elles en entre est et eu il ils je l la le les leur
    leurs lui m mais me même n notre nous on ont ou où par plus pour qu que qui s sa se ses si son sont sous sur t
    te tous tout très tu un une vous y à était être
"""
_SPANISH = """
    a al algo ante antes como con cual cuando de del desde donde dos el ella ellas ellos en entre era es esa ese eso
    esta este esto está fue ha han hasta hay la las le les lo los me mi muy más nos o otro para pero por porque que
    quien se ser si sido sin sobre son su sus también te tiene todo un una uno y ya yo
"""
_ITALIAN = """
    a ad ai al alla alle anche che chi ci come con cui da dai dal dalla dei del della delle di dove e ed era gli ha
    hanno i il in io l la le lo loro ma mi nei nel nella o per perché più quando quella quello questa questo se si
    sia sono su sua sul sulla suo tra tutti un una uno è
"""
_PORTUGUESE = """
    a ao aos as até com como da das de dela dele do dos e ela ele eles em entre era essa esse esta este está eu foi
    há isso já mais mas mesmo muito na nas no nos o os ou para pela pelo por quando que quem se sem ser seu sua são
    também tem um uma você é
"""
_DUTCH = """
    aan al als bij dan dat de der deze die dit door een en er had hebben heeft het hij hoe ik in is je kan maar met
    mijn naar niet nog of om onder ook op over te tot uit van veel voor was wat we wel werd wordt ze zich zij zijn
    zo zou
"""

STOP_WORDS = {
    name: frozenset(words.split())
    for name, words in (
        ("english", _ENGLISH),
        ("german", _GERMAN),
        ("french", _FRENCH),
        ("spanish", _SPANISH),
        ("italian", _ITALIAN),
        ("portuguese", _PORTUGUESE),
        ("dutch", _DUTCH),
    )
}
"""Stop words by the name that the stemmer gives the language."""
