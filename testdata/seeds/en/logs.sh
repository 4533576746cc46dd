# SGE API logs
tail -f /var/log/sge/api.log | grep voip

# Complete Asterisk logs
tail -f /var/log/asterisk/full

# Specific ARI logs
tail -f /var/log/asterisk/full | grep ARI

# Real-time ARI debug
asterisk -rvvv
ari show apps
ari show channels

# Detailed metrics
curl http://localhost:8080/api/v1/voip/asterisk/info
curl http://localhost:8080/api/v1/voip/asterisk/channels
