"""Hosts of one campaign with a network between them: network namespaces with names, clocks and folders of their own, joined by
a bridge in another, where sshd, rsync and a git repository are. Only their own addresses are used, and those exist in these
namespaces only. Where the system gives this user no namespaces, these tests are skipped, and ctest says so; where it does,
whatever is missing makes them fail.
"""
import contextlib
import io
import os
import shutil
import subprocess
import time
from pathlib import Path

import standin
import yaml  # type: ignore[import]
from support import ROOT, Case, recorded
from test_closed import RUN
from test_islands import LONG, OFTEN, PARTS, UNTIL, tree, value

from orchestrate import merge, share

HUB = "10.213.0.1"
DAYS = {"a": 0, "b": 1, "c": -400, "d": 0}
"""How far the clock of each host is ahead."""
CLOCK = """
import time
real = time.time
time.time = lambda: real() + 86400 * %d
"""
SSHD = """
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
"""
SLURM = """
ClusterName=procbuf
SlurmctldHost=hub({address})
SlurmctldPort=17001
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
SwitchType=switch/none
ReturnToService=2
StateSaveLocation={folder}
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName=n1 NodeHostname=hub NodeAddr={address} Port=17011 CPUs=1
NodeName=n2 NodeHostname=hub NodeAddr={address} Port=17012 CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES State=UP
"""
RSYNCD = """
use chroot = no
[share]
path = {path}
read only = {read_only}
uid = root
gid = root
"""


class Hosts(Case):
    """`hub` has what hosts share; each host reaches it by a link that can be cut."""

    def setUp(self):
        super().setUp()
        if subprocess.run(["unshare", "--net", "--mount", "--uts", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("SKIPPED: no network namespaces for this user here")
        missing = [program for program in ("ip", "sshd", "ssh-keygen", "rsync", "unshare", "slurmctld", "slurmd", "sbatch", "parallel") if shutil.which(program) is None]
        if missing:
            self.fail(f"could not run: fuzz/setup/install --all has {' '.join(missing)}")
        self.mark = f"pb{os.getpid() % 100000}"
        self.work = self.folder / "hub"
        self.work.mkdir()
        self.make_space("hub")
        self.ip("-n", self.space("hub"), "link", "add", "bridge", "type", "bridge")
        self.ip("-n", self.space("hub"), "addr", "add", f"{HUB}/24", "dev", "bridge")
        self.ip("-n", self.space("hub"), "link", "set", "bridge", "up")
        for name in ("host_key", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.work / name], check=True)
        Path("/run/sshd").mkdir(exist_ok=True)
        config = self.write("sshd_config", SSHD.format(address=HUB, folder=self.work))
        self.serve("/usr/sbin/sshd", "-D", "-e", "-f", str(config), port=22)
        self.ssh = (f"ssh -oBatchMode=yes -oConnectTimeout=3 -oServerAliveInterval=2 -oServerAliveCountMax=1 -oIdentityFile={self.work}/key "
                    f"-oUserKnownHostsFile={self.work}/known -oStrictHostKeyChecking=accept-new -oLogLevel=ERROR")

    def ip(self, *words: str) -> None:
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.fail(f"could not run: ip {' '.join(words)}: {done.stderr}")

    def space(self, name: str) -> str:
        return f"{self.mark}{name}"

    def make_space(self, name: str) -> None:
        self.ip("netns", "add", self.space(name))
        self.addCleanup(self.ip, "netns", "del", self.space(name))
        self.ip("-n", self.space(name), "link", "set", "lo", "up")

    def make_host(self, name: str, number: int) -> None:
        self.make_space(name)
        self.ip("-n", self.space("hub"), "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", self.space(name))
        self.ip("-n", self.space("hub"), "link", "set", f"to-{name}", "master", "bridge", "up")
        self.ip("-n", self.space(name), "addr", "add", f"10.213.0.{number}/24", "dev", "eth0")
        self.ip("-n", self.space(name), "link", "set", "eth0", "up")

    def link(self, name: str, state: str) -> None:
        self.ip("-n", self.space("hub"), "link", "set", f"to-{name}", state)

    def serve(self, *command: str, port: int) -> None:
        """Start a server in the hub, and wait until it listens."""
        log = open(self.work / f"log-{port}", "wb")
        process = subprocess.Popen(["nsenter", f"--net=/run/netns/{self.space('hub')}", *command], stdout=log, stderr=log)
        self.addCleanup(log.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while f":{port} " not in subprocess.run(["ip", "netns", "exec", self.space("hub"), "ss", "-ltn"], capture_output=True, text=True, check=True).stdout:
            if process.poll() is not None:
                self.fail(f"could not run: {command[0]}: {(self.work / f'log-{port}').read_text()}")
            time.sleep(0.05)

    def on(self, name: str, *command: object) -> list[str]:
        """A command on a host: its network, and its name."""
        return ["ip", "netns", "exec", self.space(name), "unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', name, *map(str, command)]

    def begin(self, name: str, where: str) -> subprocess.Popen:
        """A night of a host, with stand-ins, until the file `over` is there; it calls itself what the host is called."""
        words = ["--harness", "slices", "--harness", "life", "--engine", "libfuzzer", "--build", "asan", "--empty", "--time", LONG, "--slice", "3s",
                 "--jobs", "1", "--seed", "1", "--host", name, "--share", where, "--out", self.folder / name]
        log = open(self.folder / f"log-{name}", "w")
        process = subprocess.Popen(self.on(name, "/usr/bin/python3", "-X", "utf8", "-B", "-c", RUN % (OFTEN + CLOCK % DAYS[name] + UNTIL % str(self.folder / "over")), self.folder / "programs", *words),
                                   stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                                   env=os.environ | {"PROCBUF_STANDIN": f"find:{name}", "PYTHONPATH": str(ROOT / "fuzz"),
                                                     "RSYNC_RSH": self.ssh, "GIT_SSH_COMMAND": self.ssh})
        self.addCleanup(log.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"log-{name}").read_text()

    def end(self, name: str, process: subprocess.Popen, status: int) -> None:
        self.assertEqual(process.wait(timeout=400), status, self.log(name))
        self.assertNotIn("Traceback", self.log(name))

    def wait_for(self, what, *processes: subprocess.Popen) -> None:
        while not what():
            if all(process.poll() is not None for process in processes):
                self.fail("\n".join(self.log(name) for name in DAYS if (self.folder / f"log-{name}").exists()))
            time.sleep(0.1)

    def merge(self, *wheres: object, status: int) -> dict:
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(merge.merge([str(where) for where in wheres], self.folder / "merged"), status,
                             (self.folder / "merged/report/summary.md").read_text)
        return recorded(self.folder / "merged")

    def test_four_hosts_by_ssh_one_cut_off_and_one_killed(self):
        standin.put_into(self.folder / "programs")
        for number, name in enumerate(DAYS, 2):
            self.make_host(name, number)
        place = self.work / "shared"
        where = f"{HUB}:{place}"
        hosts = {name: self.begin(name, where) for name in DAYS}
        count = lambda name: len(list(place.glob(f"facts/{name}/*/[0-9]*")))  # noqa: E731
        self.wait_for(lambda: all(count(name) > 1 for name in DAYS), *hosts.values())
        self.link("c", "down")
        os.killpg(hosts["d"].pid, 9)
        cut = count("c")
        self.wait_for(lambda: "host d is silent" in self.log("a"), hosts["a"])
        self.wait_for(lambda: "share: " in self.log("c"), hosts["c"])
        self.assertLessEqual(count("c"), cut + 1)  # one may have been on its way
        self.link("c", "up")
        self.wait_for(lambda: count("c") > cut + 1, hosts["c"])
        (self.folder / "over").touch()
        for name in "abc":
            self.end(name, hosts[name], 0)
        record = self.merge(place, status=0)
        rows = {host["name"]: host for host in record["hosts"]}
        self.assertEqual({name: row["ended"] for name, row in rows.items()}, {"a": True, "b": True, "c": True, "d": False})
        own = {name: sum(h["runs"] for h in recorded(self.folder / name)["harnesses"]) for name in "abc"}
        self.assertEqual({name: rows[name]["runs"] for name in "abc"}, own)
        self.assertEqual(sum(h["runs"] for h in record["harnesses"]), sum(own.values()) + rows["d"]["runs"])
        for name in "bc":
            self.assertAlmostEqual(rows[name]["ahead_s"], 86400 * DAYS[name], delta=rows[name]["within_s"] + 1)
        words = {path.read_text() for path in (self.folder / "merged/share/inputs").glob("*/*")}
        self.assertEqual(words, {*DAYS})
        union = tree(self.folder / "merged/share")
        shutil.rmtree(self.folder / "merged")
        self.merge(*(self.folder / name / "share" for name in DAYS), place, status=0)  # what each host has, and late
        self.assertEqual(tree(self.folder / "merged/share"), union)
        self.assertEqual({part for row in rows.values() for part in row["parts"]}, {*PARTS})

    # ---- Launchers ----

    def stub(self) -> Path:
        """A checkout whose campaign has stand-ins."""
        standin.put_into(self.folder / "programs")
        checkout = self.folder / "checkout"
        (checkout / "fuzz").mkdir(parents=True)
        shutil.copytree(ROOT / "fuzz/launch", checkout / "fuzz/launch")
        (self.folder / "code.py").write_text(RUN % OFTEN)
        campaign = checkout / "fuzz/campaign"
        campaign.write_text(f"""#!/bin/sh
export PYTHONPATH={ROOT}/fuzz PROCBUF_STANDIN=find:word
exec /usr/bin/python3 -X utf8 -B {self.folder}/code.py {self.folder}/programs --harness slices --harness life --engine libfuzzer \\
    --build asan --empty --slice 2s --seed 1 "$@"
""")
        campaign.chmod(0o755)
        return checkout

    def hub(self, *command: object, status: int = 0, **environment: str) -> str:
        done = subprocess.run(["ip", "netns", "exec", self.space("hub"), "unshare", "--uts", "sh", "-c", 'hostname hub && exec "$@"', "sh",
                               *map(str, command)], capture_output=True, text=True, check=False, cwd=self.folder / "checkout",
                              env=os.environ | environment)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def test_parallel_starts_an_island_on_each_machine(self):
        checkout = self.stub()
        self.write("machines", f":\n{HUB}\n")
        (self.folder / "shared").mkdir()
        launch = f"cd .. && exec sh {checkout.name}/fuzz/launch/parallel.sh "  # from another folder than the checkout's
        self.hub("sh", "-c", f"{launch} machines", status=2)
        self.hub("sh", "-c", f'{launch} machines "$@"', "sh", self.folder / "shared", "5s", self.folder / "out", PARALLEL_SSH=self.ssh)
        record = recorded(self.folder / "out/united")
        self.assertTrue(all(host["ended"] for host in record["hosts"]))

    def test_slurm_runs_an_array_and_requeues(self):
        self.stub()
        state = self.folder / "slurm"
        for node in ("n1", "n2"):
            (state / node).mkdir(parents=True)
        config = self.write("slurm.conf", SLURM.format(address=HUB, folder=state))
        for port, *command in ((17001, "slurmctld", "-D"), (17011, "slurmd", "-D", "-N", "n1"), (17012, "slurmd", "-D", "-N", "n2")):
            self.serve("unshare", "--uts", "sh", "-c", f'hostname hub && export SLURM_CONF={config} && exec "$@"', "sh", *command, port=port)
        shared, out = self.folder / "shared", self.folder / "out"
        shared.mkdir()
        slurm = {"SLURM_CONF": str(config), "SHARE": str(shared), "OUT": str(out), "TIME": "40s"}
        for name in ("SHARE", "OUT", "TIME"):
            self.hub("sh", "fuzz/launch/slurm.sbatch", status=2, **slurm | {name: "", "SLURM_ARRAY_TASK_ID": "0"})
        job = self.hub("sbatch", "--parsable", "--array=0-1", "fuzz/launch/slurm.sbatch", **slurm).strip()
        count = lambda task: len(list(shared.glob(f"facts/slurm-{task}/*/[0-9]*")))  # noqa: E731
        running = lambda: self.hub("squeue", "-h", "-o", "%i %t", **slurm)  # noqa: E731
        self.wait_until(lambda: count(0) > 1 and count(1) > 1, running)
        self.hub("scontrol", "requeue", f"{job}_0", **slurm)
        self.wait_until(lambda: f"{job}_0 PD" in running(), running)
        self.hub("scontrol", "update", f"JobId={job}_0", "StartTime=now", **slurm)  # else it waits for two minutes
        while running().strip():
            time.sleep(0.5)
        logs = "\n".join(path.read_text() for path in (self.folder / "checkout").glob("slurm-*.out"))
        self.assertIn("going on with night 1", logs)
        record = self.merge(shared, status=0)
        self.assertEqual([(host["name"], host["ended"], host["lives"]) for host in record["hosts"]], [("slurm-0", True, 1), ("slurm-1", True, 1)])
        self.assertEqual(sum(h["runs"] for h in record["harnesses"]), sum(h["runs"] for task in "01" for h in recorded(out / task)["harnesses"]))

    def wait_until(self, what, still) -> None:
        while not what():
            if not still().strip():
                self.fail("\n".join(path.read_text() for path in (self.folder / "checkout").glob("slurm-*.out")))
            time.sleep(0.3)

    def test_the_workflow_divides_and_merges(self):
        checkout = self.stub()
        jobs = yaml.safe_load((ROOT / ".github/workflows/islands.yml").read_text())["jobs"]
        repository = self.folder / "repository"
        subprocess.run(["git", "init", "-q", "--bare", repository], check=True)
        commands = {name: [step["run"] for step in job["steps"] if "./fuzz/campaign" in step.get("run", "")] for name, job in jobs.items()}
        self.assertEqual([jobs["merge"]["needs"], *map(len, commands.values())], ["island", 1, 1])
        place = {"PLACE": f"file://{repository}"}
        islands = [subprocess.Popen(["sh", "-c", commands["island"][0].replace("1h", "10s").replace("--out out", f"--out out-{name}")], cwd=checkout,
                                    stdout=subprocess.DEVNULL, env=os.environ | place | {"NAME": name})
                   for name in jobs["island"]["strategy"]["matrix"]["host"]]
        self.assertEqual([process.wait() for process in islands], [0] * 4)
        self.hub("sh", "-c", commands["merge"][0], **place)
        self.assertEqual([host["name"] for host in recorded(checkout / "united")["hosts"]], ["a", "b", "c", "d"])

    def in_hub(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["ip", "netns", "exec", self.space("hub"), "/usr/bin/python3", "-B", "-c", "from pathlib import Path\nfrom orchestrate import share\n" + code],
                              capture_output=True, text=True, check=False,
                              env=os.environ | environment | {"PYTHONPATH": str(ROOT / "fuzz"), "RSYNC_RSH": self.ssh, "GIT_SSH_COMMAND": self.ssh})

    EXCHANGE = """
replica = share.Folder(Path({replica!r}), "x")
place = share.place_of({where!r}, Path({work!r}))
share.take(replica, place)
print(*place.problems, *place.damaged, sep="\\n")
share.give(replica, place, place.damaged)
share.take(replica, place)
"""

    def exchange(self, name: str, where: str) -> subprocess.CompletedProcess[str]:
        return self.in_hub(self.EXCHANGE.format(replica=str(self.folder / name), where=where, work=str(self.folder / f"work-{name}")))

    def test_rsync_and_git_by_ssh_are_places_of_the_same_values(self):
        path, repository = self.work / "shared", self.work / "repository"
        path.mkdir()
        config = self.write("rsyncd.conf", RSYNCD.format(path=path, read_only="no"))
        self.serve("rsync", "--daemon", "--no-detach", f"--config={config}", f"--address={HUB}", "--port=8873", port=8873)
        subprocess.run(["git", "init", "-q", "--bare", repository], check=True)
        for number, where in enumerate((f"rsync://{HUB}:8873/share", f"{HUB}:{self.work}/by-ssh", f"git+ssh://{HUB}{repository}#nights")):
            replicas = [share.Folder(self.folder / f"{name}{number}", "x") for name in "ab"]
            for name, replica in zip("ab", replicas):
                replica.add(*value(f"of {name}"))
                self.check(self.exchange(f"{name}{number}", where), 0)
            self.check(self.exchange(f"a{number}", where), 0)
            self.assertEqual(replicas[0].listing(), replicas[1].listing())
            self.assertEqual(len(replicas[0].listing()), 3)
        name, content = value("of a")
        (path / name).write_bytes(b"no a")  # damaged: who has it writes it again
        (path / "inputs/slices/link").symlink_to("/etc/passwd")
        (path / "thesis").write_text("mine")
        shutil.rmtree(self.folder / "b0")
        done = self.exchange("b0", f"rsync://{HUB}:8873/share")
        self.check(done, 0, "damaged: its content is not what its name says", "thesis: not of this share")
        (self.folder / "b0" / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "b0" / name).write_bytes(content)
        self.check(self.in_hub(f"share.give(share.Folder(Path({str(self.folder / 'b0')!r})), share.place_of('rsync://{HUB}:8873/share', Path('/')), [{name!r}])"), 0)
        self.assertEqual((path / name).read_bytes(), content)

    def test_a_place_that_refuses_is_said(self):
        config = self.write("rsyncd.conf", RSYNCD.format(path=self.work, read_only="yes"))
        self.serve("rsync", "--daemon", "--no-detach", f"--config={config}", f"--address={HUB}", "--port=8873", port=8873)
        for where, says in ((f"rsync://{HUB}:8873/share", "not a share, and not empty"), (f"rsync://{HUB}:8873/share/new", "read only"),
                            (f"{HUB}:/proc/none", "/proc/none"), (f"git+ssh://{HUB}/nowhere", "does not appear to be a git repository"),
                            ("10.213.0.9:/x", "10.213.0.9")):
            done = self.exchange("a", where)
            self.assertNotEqual(done.returncode, 0, where)
            self.assertIn("ToolError", done.stderr)
            self.assertIn(says, done.stderr)


if __name__ == "__main__":
    import unittest
    unittest.main()
