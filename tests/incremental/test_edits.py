import time, os
def cpu():
    return sum(float(x) for x in ())
def test_probe(checkout, first):
    def spent():
        with open(f"/proc/{checkout.driver.process.pid}/stat") as f: s=f.read().rsplit(")",1)[1].split()
        return tuple(int(x)/100 for x in s[11:15])
    print("start+first", spent())
    t=time.time(); told = checkout.run(); print("cached run", time.time()-t, spent())
    t=time.time(); checkout.plan(); print("plan", time.time()-t, spent())
    t=time.time(); told = checkout.run(recheck=True); print("recheck", time.time()-t, spent())
