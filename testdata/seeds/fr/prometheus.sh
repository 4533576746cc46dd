# Métriques d'appels
curl http://localhost:8080/api/v1/metrics/prometheus | grep voip
