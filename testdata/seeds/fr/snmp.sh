# Appels actifs Asterisk
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.1.1

# Channels actifs
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.2.1

# Bridges actifs (salles)
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.3.1

# Endpoints SIP enregistrés
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.4.1

# Qualité des appels (MOS Score)
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.9.1
