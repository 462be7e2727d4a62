-- description: a default, a check, a domain, an index, a policy, a trigger's condition and a rule
-- expect: block; column public.t.f; operator !(bigint, NONE)
-- expect: block; constraint inside on public.t; operator ~(polygon, point)
-- expect: block; constraint small of domain public.small_box; operator @(box, box)
-- expect: block; index public.of_circles; operator ~(circle, point)
-- expect: block; policy near on public.t; operator @(polygon, polygon)
-- expect: block; trigger touch on public.t; operator ~(polygon, polygon)
-- expect: block; rule away on public.t; operator @(circle, circle)
CREATE DOMAIN public.small_box AS box CONSTRAINT small CHECK (VALUE @ '((0,0),(9,9))'::box);
CREATE TABLE public.t (id integer PRIMARY KEY, f numeric DEFAULT (4 !), area polygon, c circle,
                       CONSTRAINT inside CHECK (area ~ point '(1,1)'));
CREATE INDEX of_circles ON public.t (id) WHERE c ~ point '(0,0)';
CREATE POLICY near ON public.t USING (area @ area);
CREATE FUNCTION public.touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON public.t FOR EACH ROW WHEN (NEW.area ~ OLD.area) EXECUTE FUNCTION public.touched();
CREATE RULE away AS ON DELETE TO public.t WHERE OLD.c @ OLD.c DO INSTEAD NOTHING;
