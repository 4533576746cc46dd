# Active Asterisk calls
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.1.1

# Active channels
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.2.1

# Active bridges (rooms)
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.3.1

# Registered SIP endpoints
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.4.1

# Call quality (MOS Score)
snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.9.1
