# Asterisk system information
curl -u sky-genesis:password http://localhost:8088/ari/asterisk/info

# List active channels
curl -u sky-genesis:password http://localhost:8088/ari/channels

# List bridges
curl -u sky-genesis:password http://localhost:8088/ari/bridges

# System health
curl -u sky-genesis:password http://localhost:8080/api/v1/voip/asterisk/health
