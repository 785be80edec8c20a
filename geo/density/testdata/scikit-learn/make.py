# Makes the files beside it: points of our own, labelled by scikit-learn 1.2.1 with
# numpy 1.24.2 (Debian: python3-sklearn). Distances are great circles on our sphere;
# a limit in time makes it ST-DBSCAN: both distances over their limits, the greater
# of the two, at most 1. It refuses points whose distance is a limit to the micrometre.
import numpy as np, csv, os
from sklearn.cluster import DBSCAN
from sklearn.metrics.pairwise import haversine_distances
R=6371008.8
out=os.path.dirname(os.path.abspath(__file__))

def write(name,lon,lat,hours,w,eps,window,minw):
    lon=np.round(lon,6);lat=np.round(lat,6);hours=np.round(hours,2)
    D=haversine_distances(np.radians(np.c_[lat,lon]))*R
    assert np.abs(D-eps).min()>1e-6
    N=D/eps
    if window>0:
        T=np.abs(hours[:,None]-hours[None,:])/window
        off=np.abs(T-1).min(); assert off>1e-9,off
        N=np.maximum(N,T)
    m=DBSCAN(eps=1.0,min_samples=minw,metric='precomputed').fit(N,sample_weight=w)
    core=np.zeros(len(lon),int); core[m.core_sample_indices_]=1
    with open(f'{out}/{name}.csv','w',newline='') as f:
        c=csv.writer(f,lineterminator='\n'); c.writerow(['lon','lat','hours','weight','label','core',f'eps={eps:g}',f'window={window:g}',f'min={minw}'])
        for r in zip(lon,lat,hours,w,m.labels_,core): c.writerow([f'{r[0]:.6f}',f'{r[1]:.6f}',f'{r[2]:g}',*map(int,r[3:])])
    print(name,len(lon),m.labels_.max()+1,(m.labels_<0).sum(),core.sum(), 'border',((m.labels_>=0)&(core==0)).sum())
rng=np.random.default_rng(5)
def towns(n,lon0,lat0,spread,k,own):
    a=rng.integers(0,k,n); cx=rng.uniform(-spread,spread,k); cy=rng.uniform(-spread,spread,k)
    lat=lat0+cy[a]+rng.normal(0,own,n)
    lon=lon0+(cx[a]+rng.normal(0,own,n))/np.cos(np.radians(lat0))
    return (lon+180)%360-180,lat
n=220
lon,lat=towns(n,-72.3,18.5,0.12,9,0.008); write('space',lon,lat,np.zeros(n),np.ones(n,int),700,0,5)
lon,lat=towns(n,36.8,-1.3,0.1,7,0.008); write('weights',lon,lat,np.zeros(n),rng.integers(0,5,n),500,0,7)
lon,lat=towns(n,95.3,5.5,0.05,4,0.006); write('window',lon,lat,rng.uniform(0,120,n),rng.integers(1,4,n),1000,24.003,6)
lon,lat=towns(n,179.99,-17.0,0.1,6,0.008); write('antimeridian',lon,lat,rng.uniform(0,60,n),rng.integers(1,3,n),900,12.003,5)
lon=rng.uniform(-180,180,n); lat=90-np.abs(rng.normal(0,0.02,n)); write('pole',lon,lat,np.zeros(n),np.ones(n,int),350,0,6)
