# For those who are not on Linux x86-64: the README's two commands in a container.
#   docker build --platform linux/amd64 -t petl-lab .
#   docker run --rm -p 8888:8888 petl-lab
FROM --platform=linux/amd64 node:22-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /petl-lab
COPY . .
RUN npm start
EXPOSE 8888
CMD ["npm", "run", "lab", "--", "--ip=0.0.0.0"]
