# Logs API SGE
tail -f /var/log/sge/api.log | grep voip

# Logs Asterisk complets
tail -f /var/log/asterisk/full

# Logs ARI spécifiques
tail -f /var/log/asterisk/full | grep ARI

# Debug ARI en temps réel
asterisk -rvvv
ari show apps
ari show channels

# Métriques détaillées
curl http://localhost:8080/api/v1/voip/asterisk/info
curl http://localhost:8080/api/v1/voip/asterisk/channels
